"""The postings of BM25: for each term its documents and their term scores."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.retrievers.words import Ints, Words


@dataclass(frozen=True, eq=False)
class Postings:
    """A term-by-document matrix of scores, by term.

    Attributes:
        terms: Position of each term of the vocabulary.
        starts: Where each term's documents begin, and where the last one's end.
        documents: int32 positions of documents, ascending within a term.
        scores: float32 score of the term in the document.
        size: Number of documents.
        absent: Score of a document for a term that it lacks, in the variants where that is not 0.
    """

    terms: dict[str, int]
    starts: Ints
    documents: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    size: int
    absent: npt.NDArray[np.float32] | None = None

    @property
    def nbytes(self) -> int:
        """Memory that the arrays take."""
        return int(self.starts.nbytes + self.documents.nbytes + self.scores.nbytes)

    def positions(self, words: Words) -> Ints:
        """Position of each word of other texts among the terms, -1 where it is none."""
        known = [self.terms.get(word, -1) for word in words.vocabulary.to_pylist()]
        return np.array(known, dtype=np.int64)[words.ids]


def lucene_postings(words: Words, k1: float, b: float) -> Postings:
    """BM25 as Lucene computes it (Kamphuis et al., ECIR 2020), as bm25s does it: in float64, kept as float32.

    score(t, d) = log(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + k1 * (1 - b + b * |d| / avg))

    Args:
        words: The words of the documents.
        k1: Term frequency saturation.
        b: Length normalisation.
    """
    n = len(words.lengths)
    pairs = np.sort(words.ids * n + words.rows)
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    frequency = np.diff(first, append=len(pairs)).astype(np.float64)
    terms, documents = np.divmod(pairs[first], n)
    in_documents = np.bincount(terms, minlength=len(words.vocabulary))
    mean_length = words.lengths.mean() if len(words.ids) else 1.0
    norms = k1 * ((1 - b) + b * words.lengths / mean_length)
    idf = _idf(in_documents, n)
    # bm25s keeps the idf as float32 and multiplies in float64: so must we to agree in the last bit.
    scores = (idf[terms] * (frequency / (norms[documents] + frequency))).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(in_documents)])
    return Postings(_numbered(words.vocabulary), starts, documents.astype(np.int32), scores, n)


def bm25s_postings(texts: list[str], k1: float, b: float, method: str, stopwords: Iterable[str]) -> Postings:
    """Any variant of BM25 that bm25s knows, indexed by bm25s."""
    import bm25s

    index = bm25s.BM25(k1=k1, b=b, method=method)
    index.index(bm25s.tokenize(texts, stopwords=list(stopwords), show_progress=False), show_progress=False)
    terms = {word: at for word, at in index.vocab_dict.items() if word}
    matrix = index.scores
    return Postings(
        terms, matrix["indptr"], matrix["indices"], matrix["data"], len(texts), absent=index.nonoccurrence_array
    )


def _idf(in_documents: Ints, n: int) -> npt.NDArray[np.float32]:
    counts, at = np.unique(in_documents, return_inverse=True)
    values = [math.log(1 + (n - count + 0.5) / (count + 0.5)) if count else 0.0 for count in counts.tolist()]
    return np.array(values, dtype=np.float32)[at]


def _numbered(vocabulary: pa.LargeStringArray) -> dict[str, int]:
    return {word: at for at, word in enumerate(vocabulary.to_pylist())}
