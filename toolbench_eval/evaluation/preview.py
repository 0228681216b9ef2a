"""What a run would do: tasks, sizes, what is there already."""

from __future__ import annotations

from typing import Any

from toolbench_eval.evaluation.modelled import requested_model
from toolbench_eval.evaluation.plan import Plan, load_data, make_plans
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.metrics.language import parse_measures
from toolbench_eval.registry import Registry
from toolbench_eval.selection import select


def preview(request: Request, model: str, registry: Registry, reporter: Reporter) -> list[dict[str, Any]]:
    """A row for each task and setting of a request; loads data, but no model, and writes nothing."""
    if request.metrics:
        parse_measures(request.metrics)  # as `run` does
    rows: list[dict[str, Any]] = []
    for selection in select(request.tasks, registry):
        suite = selection.suite
        made = requested_model(model, suite, request, registry, reporter)
        data = load_data(selection, request, registry, reporter)
        plans = make_plans(selection, data, made, request)
        for tasks in _shared(plans[0]):
            reporter.note(f"equal documents, indexed once: {', '.join(tasks)}")
        first = _first_with(plans[0])
        for plan in plans:
            there = plan.workplace.finished
            for task in data.tasks:
                done = there or plan.workplace.done(task.row.task) is not None
                rows.append(
                    {
                        "task": f"{suite.name}/{task.row.task}",
                        "instruction": plan.instruction,
                        "queries": len(task.queries),
                        "documents": sum(len(plan.corpus_of(task, unit)) for unit in task.units),
                        "data": task.origin.kind,
                        "state": "done" if done else "to do",
                        "indexed_with": first[task.row.task],
                        "folder": str(plan.workplace.folder),
                    }
                )
            rows += [
                {"task": name, "instruction": plan.instruction, "queries": 0, "documents": 0, "data": "missing"}
                | {"state": "left out", "indexed_with": "", "folder": str(plan.workplace.folder)}
                for name in data.missing
            ]
    return rows


def _searchers(plan: Plan) -> dict[str, list[str]]:
    """The tasks that are searched in each index, where tasks bring their own documents."""
    found: dict[str, list[str]] = {}
    if plan.data.shared is None:
        for task in plan.data.tasks:
            for index in dict.fromkeys(plan.index_of(task, unit) for unit in task.units):
                found.setdefault(index, []).append(f"{plan.selection.suite.name}/{task.row.task}")
    return found


def _shared(plan: Plan) -> list[tuple[str, ...]]:
    """The groups of tasks that have documents in common, each once."""
    return list(dict.fromkeys(tuple(tasks) for tasks in _searchers(plan).values() if len(tasks) > 1))


def _first_with(plan: Plan) -> dict[str, str]:
    """For each task those whose indexes it is searched in, too; empty for the first that has its documents."""
    first: dict[str, dict[str, None]] = {task.row.task: {} for task in plan.data.tasks}
    for one, *others in _searchers(plan).values():
        for other in others:
            first[other.partition("/")[2]][one] = None
    return {task: ", ".join(names) for task, names in first.items()}
