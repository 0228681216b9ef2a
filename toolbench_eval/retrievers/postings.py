"""The postings of BM25: for each term its documents and their term scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.ids import string_array
from toolbench_eval.retrievers.words import Ints, Words


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
    places, lengths = np.empty(n, dtype=np.int32), words.lengths[order]
    places[order] = np.arange(n)
    bits = n.bit_length()  # shifts are several times faster than products and quotients
    pairs = words.ids.astype(np.int64)
    pairs <<= bits
    pairs |= np.repeat(places, words.lengths)
    pairs.sort()
    first_of_pair = np.ones(len(pairs), dtype=bool)
    np.not_equal(pairs[1:], pairs[:-1], out=first_of_pair[1:])
    first = np.flatnonzero(first_of_pair)
    frequency = np.diff(first, append=len(pairs)).astype(np.float64)
    distinct = pairs[first]
    terms, documents = distinct >> bits, distinct & ((1 << bits) - 1)
    in_documents = np.bincount(terms, minlength=len(words.vocabulary))
    mean_length = lengths.mean() if len(words.ids) else 1.0
    norms = k1 * ((1 - b) + b * lengths / mean_length)
    idf = _idf(in_documents, n)
    # bm25s keeps the idf as float32 and multiplies in float64: so must we to agree in the last bit.
    scores = (idf[terms] * (frequency / (norms[documents] + frequency))).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(in_documents)])
    return Postings(words.vocabulary, starts.tolist(), documents, scores, n)


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
