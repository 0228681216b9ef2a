"""Samples that failed: how many are too many, and what to say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.results.schema import Result

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


def objection(result: Result, folder: Path) -> str:
    """What a user should know of a result with too many failures: how many, why, and what to do."""
    failed, of = counts(result)
    solved = [task.solved for task in result.tasks.values() if task.solved is not None]
    first = next(f"{sample}: {why}" for one in solved for sample, why in one.failures.items())
    stops = sum((Counter(one.stop_reasons) for one in solved), Counter[str]())
    advice = [text for stop, text in ADVICE.items() if stops[stop]]
    if stops["error"] + stops["budget"] < failed:
        advice.append(OWN)
    told = ". ".join([*advice, "A larger --max-failures accepts the result as it is"])
    return f"{failed} of {of} samples of {result.suite} failed; the first: {first}. The result is in {folder}. {told}"
