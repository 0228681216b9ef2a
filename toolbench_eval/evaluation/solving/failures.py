"""Samples that failed: how many are too many, and what to say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.results.schema import Result, Solved

ADVICE: Mapping[StopReason, str] = {
    "error": "The same command tries those again that ended in an error",
    "budget": "A limit ended some: raise it",
}
"""What to do about ends that are not the model's own."""
OWN = "What the model said to some is no answer, and would be the same again"


def counts(result: Result) -> tuple[int, int]:
    """Samples that failed, and all samples."""
    tasks = result.tasks.values()
    return sum(task.failed for task in tasks), sum(task.queries for task in tasks)


def too_many(result: Result, most: float) -> bool:
    """Whether more than this share of the samples failed."""
    failed, of = counts(result)
    return failed > most * of


def objection(result: Result, folder: Path, *, finished: bool) -> str:
    """What a user should know of a result with too many failures: how many, why, and what to do.

    Args:
        result: The result.
        folder: Where it is.
        finished: Whether it was accepted before, so that the same command does not try again.
    """
    failed, of = counts(result)
    solved = [task.solved for task in result.tasks.values() if task.solved is not None]
    first = next(f"{sample}: {why}" for one in solved for sample, why in one.failures.items())
    advice = [f"Delete {folder} to try again"] if finished else _advice(solved, failed)
    told = ". ".join([*advice, "A larger --max-failures accepts the result as it is"])
    return f"{failed} of {of} samples of {result.suite} failed; the first: {first}. The result is in {folder}. {told}"


def _advice(solved: Iterable[Solved], failed: int) -> list[str]:
    stops = sum((Counter(one.stop_reasons) for one in solved), Counter[str]())
    own = stops["error"] + stops["budget"] < failed
    return [*(text for stop, text in ADVICE.items() if stops[stop]), *([OWN] if own else [])]
