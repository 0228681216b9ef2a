"""The postings of BM25: for each term its documents and their term scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.ids import string_array
from toolbench_eval.retrievers.words import Ints, Words

PART = 2**16
"""Postings that are scored together: arrays that stay in the processor's cache take no fresh memory."""

SPARSE = 16
"""A term with fewer documents than one in so many is added at their places."""

ROWS_BYTES = 2**24
"""Memory for the rows of common terms."""


@dataclass(frozen=True, eq=False)
class Postings:
    """A term-by-document matrix of scores, by term.

    Attributes:
        terms: The vocabulary.
        starts: Where each term's documents begin, and where the last one's end.
        documents: Positions of documents, ascending within a term; int64, which NumPy adds at several times faster
            than at int32.
        scores: float32 score of the term in the document.
        size: Number of documents.
        absent: Score of a document for a term that it lacks, in the variants where that is not 0.
    """

    terms: pa.LargeStringArray
    starts: list[int]
    documents: Ints
    scores: npt.NDArray[np.float32]
    size: int
    absent: npt.NDArray[np.float32] | None = None

    @property
    def nbytes(self) -> int:
        """Memory that the arrays take."""
        return int(self.terms.nbytes + self.documents.nbytes + self.scores.nbytes)

    def rows(self, terms: Iterable[int]) -> dict[int, npt.NDArray[np.float32]]:
        """The scores of all documents, shape (size,), for those of the terms that many documents have.

        Adding a whole row is several times faster than adding at places, where these are not few.

        Args:
            terms: Terms, the first of them while they fit into `ROWS_BYTES`.
        """
        found: dict[int, npt.NDArray[np.float32]] = {}
        for term in terms:
            start, end = self.starts[term], self.starts[term + 1]
            if (end - start) * SPARSE < self.size:
                continue
            if 4 * self.size * (len(found) + 1) > ROWS_BYTES:
                break
            found[term] = np.zeros(self.size, dtype=np.float32)
            found[term][self.documents[start:end]] = self.scores[start:end]
        return found


def lucene_postings(words: Words, order: Ints, k1: float, b: float) -> Postings:
    """BM25 as Lucene computes it (Kamphuis et al., ECIR 2020), as bm25s does it: in float64, kept as float32.

    score(t, d) = log(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + k1 * (1 - b + b * |d| / avg))

    Args:
        words: The words of the documents.
        order: The text that is the document at each position.
        k1: Term frequency saturation.
        b: Length normalisation.
    """
    n = len(words.lengths)
    pairs = _sorted_pairs(words, order)
    first_of_pair = np.ones(len(pairs) + 1, dtype=bool)  # and the end
    np.not_equal(pairs[1:], pairs[:-1], out=first_of_pair[1:-1])
    first = np.flatnonzero(first_of_pair)
    distinct = pairs[first[:-1]]
    terms = distinct >> n.bit_length()
    in_documents = np.bincount(terms, minlength=len(words.vocabulary))
    lengths = words.lengths[order]
    norms = k1 * ((1 - b) + b * lengths / (lengths.mean() if len(pairs) else 1.0))
    idf = _idf(in_documents, n)
    documents, scores = np.empty(len(distinct), dtype=np.int64), np.empty(len(distinct), dtype=np.float32)
    for at in range(0, len(distinct), PART):
        part = slice(at, at + PART)
        documents[part] = distinct[part] & ((1 << n.bit_length()) - 1)
        frequency = np.diff(first[at : at + PART + 1]).astype(np.float64)
        # bm25s keeps the idf as float32 and multiplies in float64: so must we to agree in the last bit.
        scores[part] = idf[terms[part]] * (frequency / (norms[documents[part]] + frequency))
    starts = np.concatenate([[0], np.cumsum(in_documents)])
    return Postings(words.vocabulary, starts.tolist(), documents, scores, n)


def _sorted_pairs(words: Words, order: Ints) -> npt.NDArray[np.integer]:
    """Each word of each document as one number, (term, position of the document), in their order.

    Shifts are several times faster than products and quotients, and numbers of 32 bits sort twice as fast.
    """
    n = len(words.lengths)
    bits = n.bit_length()
    kind = np.dtype(np.uint32 if bits + len(words.vocabulary).bit_length() <= 32 else np.int64)
    places = np.empty(n, dtype=kind)
    places[order] = np.arange(n, dtype=kind)
    pairs: npt.NDArray[np.integer] = words.ids.astype(kind)
    pairs <<= bits
    pairs |= np.repeat(places, words.lengths)
    pairs.sort()
    return pairs


def bm25s_postings(texts: list[str], k1: float, b: float, method: str, stopwords: Sequence[str]) -> Postings:
    """Any variant of BM25 that bm25s knows, indexed by bm25s."""
    import bm25s

    index = bm25s.BM25(k1=k1, b=b, method=method)
    index.index(bm25s.tokenize(texts, stopwords=list(stopwords), show_progress=False), show_progress=False)
    terms = string_array(sorted(index.vocab_dict, key=index.vocab_dict.__getitem__))
    matrix = index.scores
    starts, documents = matrix["indptr"].tolist(), matrix["indices"].astype(np.int64)
    return Postings(terms, starts, documents, matrix["data"], len(texts), absent=index.nonoccurrence_array)


def _idf(in_documents: Ints, n: int) -> npt.NDArray[np.float32]:
    counts, at = np.unique(in_documents, return_inverse=True)
    values = [math.log(1 + (n - count + 0.5) / (count + 0.5)) if count else 0.0 for count in counts.tolist()]
    return np.array(values, dtype=np.float32)[at]
