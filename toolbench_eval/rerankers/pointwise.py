"""Point-wise reranking: every candidate is scored by itself."""

from __future__ import annotations

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.weights import Weights
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.rerankers.base import ranked
from toolbench_eval.rerankers.scoring import PairScorer


class Pointwise:
    """Orders candidates by the scores of a `PairScorer`."""

    def __init__(self, scorer: PairScorer, weights: Weights) -> None:
        """Set the scorer and what its model is made of."""
        self._scorer, self.weights = scorer, weights

    @property
    def cost(self) -> dict[str, float]:
        """Pairs scored now, and pairs that were known."""
        return {name: float(count) for name, count in self._scorer.counts.items()}

    def rerank(self, queries: Queries, run: Run, corpus: Corpus) -> Run:
        """Score each candidate. A score goes back to the place its document has in the run, never to a rank."""
        rows, columns = np.nonzero(run.documents != NO_DOCUMENT)
        texts = corpus.texts
        asked = queries.texts.to_pylist()
        text_of = {int(at): texts[int(at)].as_py() for at in np.unique(run.documents[rows, columns])}
        pairs = [
            (asked[row], text_of[at])
            for row, at in zip(rows.tolist(), run.documents[rows, columns].tolist(), strict=True)
        ]
        scores = np.full(run.documents.shape, -np.inf, dtype=np.float32)
        scores[rows, columns] = self._scorer.scores(pairs)
        return ranked(run, scores, corpus)
