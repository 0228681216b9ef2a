"""The ceiling of reranking: the best order of what the first stage found."""

from __future__ import annotations

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.rerankers.base import ranked


class OracleReranker:
    """Orders candidates by their labels; unlabelled ones score 0."""

    def __init__(self) -> None:
        self._qrels: Qrels | None = None

    def reveal(self, qrels: Qrels) -> None:
        """Take the labels of the queries that are reranked next."""
        self._qrels = qrels

    def rerank(self, queries: Queries, run: Run, corpus: Corpus) -> Run:
        """Rank by grade.

        Raises:
            UsageError: The labels shown are not those of these queries.
        """
        qrels = self._qrels
        if qrels is None or not qrels.query_ids.equals(queries.ids):
            raise UsageError("the oracle can only rerank queries whose labels it was shown")
        at = positions_of(qrels.doc_ids, corpus.ids)[qrels.documents]
        grades = {(row, document): grade for row, document, grade in zip(qrels.rows, at, qrels.grades, strict=True)}
        scores = [[grades.get((row, document), 0) for document in found] for row, found in enumerate(run.documents)]
        return ranked(run, np.array(scores, dtype=np.float32).reshape(run.documents.shape), corpus)
