"""BM25 Okapi as rank-bm25 computes it: slow, widely cited, good as a second opinion."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import top_k

_TOKEN = re.compile(r"(?u)\b\w\w+\b")


class Okapi:
    """`rank_bm25.BM25Okapi` over lower-cased tokens of two and more word characters."""

    def __init__(self, k1: float = 1.5, b: float = 0.75, epsilon: float = 0.25) -> None:
        """Set the parameters.

        Args:
            k1: Term frequency saturation.
            b: Length normalisation.
            epsilon: Share of the mean idf that terms with a negative idf get.
        """
        self.k1, self.b, self.epsilon = k1, b, epsilon

    def index(self, corpus: Corpus) -> None:
        """Count the terms."""
        from rank_bm25 import BM25Okapi

        self._corpus = corpus
        texts = corpus.texts.to_pylist()
        documents = [_tokens(texts[at]) for at in corpus.tie_order]
        self._okapi: Any = BM25Okapi(documents, k1=self.k1, b=self.b, epsilon=self.epsilon)

    def search(self, queries: Queries, k: int) -> Run:
        """Score every document for every query."""
        n = len(self._corpus)
        columns = np.empty((len(queries), min(k, n)), dtype=np.int32)
        best = np.empty(columns.shape, dtype=np.float32)
        for row, text in enumerate(queries.texts.to_pylist()):
            scores = np.asarray(self._okapi.get_scores(_tokens(text)), dtype=np.float32)
            columns[row : row + 1], best[row : row + 1] = top_k(scores[None, :], k)
        return to_run(columns, best, queries.ids, self._corpus)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())
