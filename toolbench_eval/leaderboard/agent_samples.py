"""One sample of an agent's entry, scored again from its trajectory; what else its record says is compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolbench_eval.errors import DataError
from toolbench_eval.evaluation.solving.answers import JUDGED
from toolbench_eval.evaluation.solving.tools.success import Seen
from toolbench_eval.evaluation.solving.tools.teval import read_likeness
from toolbench_eval.evaluation.solving.tools.work import ToolWork
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.leaderboard.agent_reference import as_json
from toolbench_eval.leaderboard.differences import differences
from toolbench_eval.leaderboard.entry_samples import Recorded
from toolbench_eval.leaderboard.findings import Finding, fault

SOURCE = "the trajectory"
MALFORMED = (AttributeError, KeyError, TypeError, ValueError, ArithmeticError, RecursionError)
"""What scoring may stumble over in a trajectory that a forger wrote; one that an agent left has none of it."""


@dataclass
class Tally:
    """Samples that are not as they must be: the first of each kind, and how many there are."""

    first: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, sample: str, message: str) -> None:
        """Take in a sample."""
        self.first.setdefault(kind, f"sample '{sample:.80}': {message}")
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def findings(self, entry: str, where: str) -> Iterator[Finding]:
        """One fault of each kind."""
        for kind, message in self.first.items():
            number = f" ({self.counts[kind]} samples)" if self.counts[kind] > 1 else ""
            yield fault(entry, f"{where}, {kind}", f"{message}{number}")


def score_recorded(work: Work, recorded: Recorded, *, judged: bool, tally: Tally) -> dict[str, float]:
    """Every measure of a sample.

    Args:
        work: The task, from the suite's own data.
        recorded: The sample.
        judged: Whether a judge of answers was asked, whose verdicts are taken as they are.
        tally: Takes in where the record says otherwise.

    Raises:
        DataError: Its trajectory cannot be scored.
    """
    record, sample = recorded.record, recorded.sample.id
    for where, message in differences(record["gold"], as_json(work.gold(sample)), "gold"):
        tally.add("gold", sample, f"{where} {message}")
        break
    try:
        scores, evidence = _scored(work, recorded)
        if judged:
            scores |= _verdicts(record["scores"])
    except MALFORMED as error:
        raise malformed(sample, error) from None
    for name, found in evidence.items():
        if record[name] != found:
            tally.add(name, sample, "is not what the trajectory and the suite's own data give")
    for where, message in differences(record["scores"], scores, "scores", SOURCE):
        tally.add("scores", sample, f"{where} {message}")
        break
    return scores


def malformed(sample: str, error: Exception) -> DataError:
    """What to say of a sample that cannot be scored."""
    return DataError(f"sample '{sample:.80}' holds no such trajectory: {type(error).__name__}: {error}"[:300])


def _scored(work: Work, recorded: Recorded) -> tuple[dict[str, float], dict[str, Any]]:
    """Scores, and the evidence beside the trajectory as far as it can be had again."""
    trajectory, record = recorded.trajectory, recorded.record
    if not isinstance(work, ToolWork):
        return work.score(trajectory), as_json(work.evidence(trajectory))
    offered = work.offered(trajectory.sample)
    evidence: dict[str, Any] = {
        "offered": as_json([{"name": tool.name, "parameters": tool.parameters} for tool in offered])
    }
    # What services or models answered cannot be had again by making the calls once more.
    if all(call.source == "local" for call in trajectory.tool_calls):
        evidence["state"] = as_json(work.state_after(trajectory))
    state = evidence.get("state", record["state"])
    seen = Seen(offered, state, dict(record["verdict"]), read_likeness(record))
    return work.scorer.score(work.problems[trajectory.sample], trajectory, seen), evidence


def _verdicts(scores: Mapping[str, Any]) -> dict[str, float]:
    """What a judge said of an answer; it stands in the scores alone."""
    found = {name: scores[name] for name in JUDGED}
    if not all(value in (0, 1) for value in found.values()):
        raise ValueError(f"a judge says 0 or 1, found {found}")
    return {name: float(value) for name, value in found.items()}
