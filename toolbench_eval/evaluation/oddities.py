"""What is odd about the data of a run, a line each: what makes its result partial, and what its scores cannot show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from toolbench_eval.data.fingerprint import combined
from toolbench_eval.data.instructions import all_the_same
from toolbench_eval.data.splits import differing_splits, expected_splits
from toolbench_eval.data.tasks import TaskData
from toolbench_eval.evaluation.plan import Plan


def oddities(plans: Sequence[Plan]) -> Iterator[str]:
    """Lines for the user; the plans are those of one suite, which share their data.

    Raises:
        DataError: The suite's table of splits is wrong.
    """
    plan = plans[0]
    yield from _partial(plan)
    yield from _splits(plan)
    yield from _not_shared(plan)
    yield from _labels(plan)
    if plan.switches.instruction_kind == "shuffled" and any(one.instruction == "with" for one in plans):
        yield from _not_shuffled(plan)
    for task in plan.data.tasks:
        yield from task.notes


def _partial(plan: Plan) -> Iterator[str]:
    data = plan.data
    if data.missing:
        yield f"no data for {len(data.missing)} tasks, the result is partial: {', '.join(data.missing)}"
    odd = [text for task in data.tasks for text in _sizes(task)] if plan.task_setting["limit"] is None else []
    if odd:
        yield f"sizes differ from {plan.selection.suite.name}'s table, the result is partial: {', '.join(odd)}"


def _sizes(task: TaskData) -> Iterator[str]:
    row = task.row
    for what, expected, found in (("queries", row.queries, len(task.queries)), ("splits", row.splits, len(task.units))):
        if expected not in (None, found):
            yield f"{row.task} {found} {what} (expected {expected})"


def _splits(plan: Plan) -> Iterator[str]:
    suite = plan.selection.suite
    expected = expected_splits(suite)
    for task in plan.data.tasks:
        if task.row.task in expected and (odd := differing_splits(suite, task, expected[task.row.task])):
            yield f"{_name(plan, task)}: its splits are not those of {suite.spec.split_table}: {odd}"


def _not_shared(plan: Plan) -> Iterator[str]:
    """Tasks that are declared to share a corpus and do not; only those that are here can be told."""
    contents: dict[str, dict[str, list[str]]] = {}
    for task in plan.data.tasks:
        if task.row.shared_corpus is not None:
            content = combined([plan.data.handle(unit).fingerprint for unit in task.units])
            contents.setdefault(task.row.shared_corpus, {}).setdefault(content, []).append(_name(plan, task))
    for corpus, tasks in contents.items():
        if len(tasks) > 1:
            apart = " | ".join(", ".join(names) for names in tasks.values())
            yield f"tasks that should share the corpus '{corpus}' have {len(tasks)} different ones: {apart}"


def _labels(plan: Plan) -> Iterator[str]:
    for task in plan.data.tasks:
        name, labels = _name(plan, task), len(task.qrels.grades)
        if lacking := plan.data.unreachable.get(task.row.task):
            yield f"{name}: {lacking} of {labels} labels name documents that the corpus lacks"
        if (task.qrels.grades < 1).all():
            yield f"{name}: none of {labels} labels has a grade above 0, so that no ranking scores"


def _not_shuffled(plan: Plan) -> Iterator[str]:
    same = [task for task in plan.data.tasks if all(all_the_same(unit.queries) for unit in task.units)]
    if same:
        yield (
            f"instruction_kind=shuffled changes nothing for {len(same)} tasks: "
            f"their queries all have the same instruction ({_names(plan, same)})"
        )


def _names(plan: Plan, tasks: Iterable[TaskData]) -> str:
    return ", ".join(_name(plan, task) for task in tasks)


def _name(plan: Plan, task: TaskData) -> str:
    return f"{plan.selection.suite.name}/{task.row.task}"
