"""The measures that some tasks have at home, beside nDCG: p-MRR, pairwise accuracy, robustness.

Where a task has no queries that could be compared, the measure is None and its `pairs` or `groups` are 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.metrics import instruction_following as following
from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

Home = dict[str, float | None]
"""A measure, and over how many `pairs` or `groups` it is the mean."""


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


def _p_mrr(scored: Scored) -> Home:
    """FollowIR: queries `<id>-og` and `<id>-changed`; documents relevant under the first only."""
    values = []
    for old, new in _pairs(scored, "og", "changed"):
        lost = np.setdiff1d(scored.relevant(old), scored.relevant(new))
        if len(lost):
            values.append(float(following.p_mrr(scored.ranks(old, lost), scored.ranks(new, lost)).mean()))
    return _measured("p-MRR", "pairs", values)


def _pairwise_accuracy(scored: Scored) -> Home:
    """NevIR: queries `<id>_q1` and `<id>_q2`, each with its own document."""
    right: list[tuple[bool, ...]] = []
    for pair in _pairs(scored, "q1", "q2"):
        own = [scored.relevant(row) for row in pair]
        if all(map(len, own)):
            ranks = [[scored.ranks(row, documents).min() for documents in own] for row in pair]
            right.append((ranks[0][0] < ranks[0][1], ranks[1][1] < ranks[1][0]))
    sides = np.array(right, dtype=bool).reshape(-1, 2)
    values = following.pairwise_accuracy(sides[:, 0], sides[:, 1])
    return _measured("pairwise-accuracy", "pairs", values.tolist())


def _robustness(scored: Scored) -> Home:
    """InstructIR: queries with one text and several instructions; a query alone with its text compares with none."""
    texts = scored.queries.texts.to_pylist()
    times = Counter(texts)
    values = score_run(scored.run, scored.qrels, "nDCG@10").of("nDCG@10")
    worst = following.robustness(values, texts)
    return _measured("robustness@10", "groups", [value for text, value in worst.items() if times[text] > 1])


HOME_MEASURES: dict[str, Callable[[Scored], Home]] = {
    "p-MRR": _p_mrr,
    "pairwise-accuracy": _pairwise_accuracy,
    "robustness@10": _robustness,
}

UNMEASURED = {
    "p-MRR": "no two query ids are '<id>-og' and '<id>-changed' with a document that lost its relevance",
    "pairwise-accuracy": "no two query ids are '<id>_q1' and '<id>_q2' with a relevant document each",
    "robustness@10": "no two queries have the same text",
}
"""Why a measure is None."""


def _measured(name: str, unit: str, values: Sequence[float]) -> Home:
    """The mean over pairs or groups, None where there is none, and their number."""
    return {name: float(np.mean(values)) if values else None, unit: float(len(values))}


def _pairs(scored: Scored, first: str, second: str) -> list[tuple[int, int]]:
    rows = {stem: row for row, stem in enumerate(scored.stems)}
    return [(row, rows[stem, second]) for (stem, end), row in rows.items() if end == first and (stem, second) in rows]


def _split(name: str) -> tuple[str, str]:
    at = max(name.rfind("-"), name.rfind("_"))
    return (name[:at], name[at + 1 :]) if at > 0 else (name, "")
