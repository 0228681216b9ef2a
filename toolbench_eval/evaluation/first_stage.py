"""What a stored first stage has of the tasks of a plan: looked at before anything is searched."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.data.fingerprint import combined
from toolbench_eval.data.tasks import TaskData
from toolbench_eval.evaluation.plan import Plan
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.results.schema import Count
from toolbench_eval.retrievers.model import Model
from toolbench_eval.retrievers.stored import NeedsTask

SUFFIX = ":first_stage"
"""Behind the name of a task in a result's counts."""


def announce(plan: Plan, task: TaskData, model: Model) -> int:
    """Tell a model that must know which task comes next; returns the number of queries that its first stage lacks.

    Raises:
        UsageError: The first stage has no such task.
        DataError: It is one of other data, or lacks queries that it must have.
    """
    if not isinstance(model, NeedsTask):
        return 0
    documents = combined([plan.corpus_of(task, unit).fingerprint for unit in task.units])
    return model.announce(f"{plan.selection.suite.name}/{task.row.task}", task.queries, documents, plan.instruction)


def look_ahead(plans: Sequence[Plan], model: Model, reporter: Reporter) -> dict[str, dict[str, Count]]:
    """Of the tasks of which a first stage lacks queries, how many it has, by instruction setting; see `announce`."""
    found: dict[str, dict[str, Count]] = {plan.instruction: _counts(plan, model) for plan in plans}
    for text in dict.fromkeys(_said(name, count) for counts in found.values() for name, count in counts.items()):
        reporter.warn(text)
    return found


def _said(name: str, count: Count) -> str:
    task = name.removesuffix(SUFFIX)
    return f"the first stage has {count.found} of {count.expected} queries of {task}, the result is partial"


def _counts(plan: Plan, model: Model) -> dict[str, Count]:
    name = plan.selection.suite.name
    lacking = {task: announce(plan, task, model) for task in plan.data.tasks}
    return {
        f"{name}/{task.row.task}{SUFFIX}": Count(expected=len(task.queries), found=len(task.queries) - number)
        for task, number in lacking.items()
        if number
    }
