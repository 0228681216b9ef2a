"""BM25 over bm25s' index, with exact ties (bm25s' own top-k breaks them at random at the border)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import top_k

FALLBACK_QUERY = "none"
"""What is searched for a query without any known term (ToolRet's reference does so)."""

BLOCK_BYTES = 32 * 2**20


class BM25:
    """BM25 (Robertson and Zaragoza 2009) in the variants of bm25s (Lù 2024, arXiv 2407.03618).

    Scores are bm25s' own, to the last bit: the index is built by bm25s and its float32 term scores
    are added in the order of the query's terms. The documents are indexed in tie order, so equal
    scores are resolved before the cut.
    """

    def __init__(self, k1: float = 1.5, b: float = 0.75, method: str = "lucene", stopwords: str = "en") -> None:
        """Set the parameters.

        Args:
            k1: Term frequency saturation.
            b: Length normalisation.
            method: Variant, as bm25s names it.
            stopwords: Stop-word list, as bm25s names it, or an empty string for none.
        """
        self.k1, self.b, self.method, self.stopwords = k1, b, method, stopwords

    def index(self, corpus: Corpus) -> None:
        """Tokenise and index."""
        import bm25s

        self._corpus = corpus
        self._bm25 = bm25s.BM25(k1=self.k1, b=self.b, method=self.method)
        order = corpus.tie_order
        texts = corpus.texts.to_pylist()
        self._bm25.index(self._tokens([texts[at] for at in order]), show_progress=False)
        self._known = {token: at for token, at in self._bm25.vocab_dict.items() if token}
        scores = self._bm25.scores
        self._indptr, self._documents, self._weights = scores["indptr"], scores["indices"], scores["data"]

    @property
    def index_bytes(self) -> int:
        """Memory that the postings take."""
        return int(self._indptr.nbytes + self._documents.nbytes + self._weights.nbytes)

    def search(self, queries: Queries, k: int) -> Run:
        """Rank all documents; those without any query term score 0 and fill the ranking in tie order."""
        terms = self._terms(queries.texts.to_pylist())
        n = len(self._corpus)
        block = max(1, BLOCK_BYTES // (4 * n))
        scores = np.empty((min(block, len(terms)), n), dtype=np.float32)
        found = []
        for start in range(0, len(terms), block):
            rows = terms[start : start + block]
            for row, tokens in enumerate(rows):
                self._score(tokens, scores[row])
            found.append(top_k(scores[: len(rows)], k))
        if not found:
            found = [(np.empty((0, min(k, n)), np.int32), np.empty((0, min(k, n)), np.float32))]
        columns, best = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return to_run(columns, best, queries.ids, self._corpus)

    def _terms(self, texts: list[str]) -> list[list[int]]:
        """Positions of each query's terms in the vocabulary, repeated as they are in the query."""
        tokens = self._tokens(texts)
        known = [self._known.get(token, -1) for token in tokens.vocab]
        fallback = [self._known[FALLBACK_QUERY]] if FALLBACK_QUERY in self._known else []
        return [[known[at] for at in ids if known[at] >= 0] or fallback for ids in tokens.ids]

    def _score(self, tokens: list[int], scores: npt.NDArray[np.float32]) -> None:
        scores[:] = 0.0
        for token in tokens:
            start, end = self._indptr[token], self._indptr[token + 1]
            scores[self._documents[start:end]] += self._weights[start:end]
        # bm25s adds the share of absent terms after the sum, so must we to agree in the last bit.
        if self._absent is not None:
            scores += self._absent[np.asarray(tokens, dtype=np.int64)].sum()

    @cached_property
    def _absent(self) -> npt.NDArray[np.float32] | None:
        """Score of a document for a term it lacks, in the variants where that is not 0."""
        absent: npt.NDArray[np.float32] | None = self._bm25.nonoccurrence_array
        return absent

    def _tokens(self, texts: list[str]) -> Any:
        import bm25s

        return bm25s.tokenize(texts, stopwords=self.stopwords or None, show_progress=False)
