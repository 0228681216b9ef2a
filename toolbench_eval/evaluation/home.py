"""The measures that some tasks have at home, beside nDCG: p-MRR, pairwise accuracy, robustness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.metrics import instruction_following as following
from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.run import NO_DOCUMENT, Run


@dataclass(frozen=True, eq=False)
class Scored:
    """What a home measure is computed from: a task's queries, judgments and run, row by row alike."""

    queries: Queries
    qrels: Qrels
    run: Run

    @property
    def stems(self) -> list[tuple[str, str]]:
        """Each query id without and with its ending: what stands behind the last `-` or `_`."""
        return [_split(str(name)) for name in self.queries.ids.to_pylist()]

    def ranks(self, row: int, documents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Ranks from 1 of documents (positions in the qrels' vocabulary); behind the run where it lacks them."""
        names = self.qrels.doc_ids.take(documents)
        at = positions_of(names, self.run.doc_ids)
        ranking = self.run.documents[row]
        depth = int((ranking != NO_DOCUMENT).sum())
        found = [np.flatnonzero(ranking == document) if document >= 0 else np.empty(0) for document in at.tolist()]
        return np.array([int(hit[0]) + 1 if len(hit) else depth + 1 for hit in found], dtype=np.int64)

    def relevant(self, row: int) -> npt.NDArray[np.int64]:
        """Documents of a query with a grade above 0, as positions in the qrels' vocabulary."""
        of_query = slice(self.qrels.indptr[row], self.qrels.indptr[row + 1])
        return self.qrels.documents[of_query][self.qrels.grades[of_query] > 0].astype(np.int64)


def _p_mrr(scored: Scored) -> dict[str, float]:
    """FollowIR: queries `<id>-og` and `<id>-changed`; documents relevant under the first only."""
    pairs = _pairs(scored, "og", "changed")
    values = []
    for old, new in pairs:
        lost = np.setdiff1d(scored.relevant(old), scored.relevant(new))
        if len(lost):
            values.append(following.p_mrr(scored.ranks(old, lost), scored.ranks(new, lost)).mean())
    return {"p-MRR": following.mean(np.array(values)), "pairs": float(len(pairs))}


def _pairwise_accuracy(scored: Scored) -> dict[str, float]:
    """NevIR: queries `<id>_q1` and `<id>_q2`, each with its own document."""
    pairs = _pairs(scored, "q1", "q2")
    right = np.zeros((len(pairs), 2), dtype=bool)
    for at, pair in enumerate(pairs):
        for side, row in enumerate(pair):
            own, other = scored.relevant(row), scored.relevant(pair[1 - side])
            right[at, side] = scored.ranks(row, own).min() < scored.ranks(row, other).min()
    accuracy = following.mean(following.pairwise_accuracy(right[:, 0], right[:, 1]))
    return {"pairwise-accuracy": accuracy, "pairs": float(len(pairs))}


def _robustness(scored: Scored) -> dict[str, float]:
    """InstructIR: queries with one text and several instructions."""
    values = score_run(scored.run, scored.qrels, "nDCG@10").of("nDCG@10")
    worst = following.robustness(values, scored.queries.texts.to_pylist())
    return {"robustness@10": following.mean(worst), "groups": float(len(worst))}


HOME_MEASURES: dict[str, Callable[[Scored], dict[str, float]]] = {
    "p-MRR": _p_mrr,
    "pairwise-accuracy": _pairwise_accuracy,
    "robustness@10": _robustness,
}


def _pairs(scored: Scored, first: str, second: str) -> list[tuple[int, int]]:
    rows = {stem: row for row, stem in enumerate(scored.stems)}
    return [(row, rows[stem, second]) for (stem, end), row in rows.items() if end == first and (stem, second) in rows]


def _split(name: str) -> tuple[str, str]:
    at = max(name.rfind("-"), name.rfind("_"))
    return (name[:at], name[at + 1 :]) if at > 0 else (name, "")
