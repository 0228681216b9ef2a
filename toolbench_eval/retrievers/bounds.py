"""Sanity bounds: a ranking by chance, and one that knows the labels."""

from __future__ import annotations

import hashlib

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import top_k


class Random:
    """Uniform scores, drawn from the seed and the query's text: the floor of every measure."""

    def __init__(self, seed: int = 0) -> None:
        """Set the seed."""
        self.seed = seed

    def index(self, corpus: Corpus) -> None:
        """Remember the documents."""
        self._corpus = corpus

    def search(self, queries: Queries, k: int) -> Run:
        """Draw a ranking for each query."""
        depth = min(k, len(self._corpus))
        columns = np.empty((len(queries), depth), dtype=np.int32)
        best = np.empty(columns.shape, dtype=np.float32)
        for row, text in enumerate(queries.texts.to_pylist()):
            key = hashlib.sha256(f"{self.seed}:{text}".encode()).digest()
            draw = np.random.default_rng(int.from_bytes(key[:8], "big")).random(len(self._corpus), dtype=np.float32)
            columns[row : row + 1], best[row : row + 1] = top_k(draw[None, :], k)
        return to_run(columns, best, queries.ids, self._corpus)


class Oracle:
    """Ranks by the labels themselves: the ceiling that the data allow at this depth."""

    _qrels: Qrels | None = None

    def index(self, corpus: Corpus) -> None:
        """Remember the documents."""
        self._corpus = corpus

    def reveal(self, qrels: Qrels) -> None:
        """Take the labels of the queries that are searched next."""
        self._qrels = qrels

    def search(self, queries: Queries, k: int) -> Run:
        """Rank labelled documents by grade; the others score 0.

        Raises:
            UsageError: The labels shown are not those of these queries.
        """
        qrels = self._qrels
        if qrels is None:
            advice = "for agents, use --set retrieval=oracle"
            raise UsageError(f"the oracle knows the labels of a task's own queries only; {advice}")
        if not qrels.query_ids.equals(queries.ids):
            raise UsageError("the oracle can only search queries whose labels it was shown")
        n = len(self._corpus)
        column_of = np.empty(n, dtype=np.int64)
        column_of[self._corpus.tie_order] = np.arange(n)
        at = positions_of(qrels.doc_ids, self._corpus.ids)
        columns = np.empty((len(queries), min(k, n)), dtype=np.int32)
        best = np.empty(columns.shape, dtype=np.float32)
        for row in range(len(queries)):
            labels = slice(qrels.indptr[row], qrels.indptr[row + 1])
            documents, grades = at[qrels.documents[labels]], qrels.grades[labels]
            scores = np.zeros((1, n), dtype=np.float32)
            scores[0, column_of[documents[documents >= 0]]] = grades[documents >= 0]
            columns[row : row + 1], best[row : row + 1] = top_k(scores, k)
        return to_run(columns, best, queries.ids, self._corpus)
