"""What a run would do: tasks, sizes, what is there already."""

from __future__ import annotations

from typing import Any

from toolbench_eval.evaluation.modelled import requested_model
from toolbench_eval.evaluation.plan import load_data, make_plans
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.registry import Registry
from toolbench_eval.selection import select


def preview(request: Request, model: str, registry: Registry, reporter: Reporter) -> list[dict[str, Any]]:
    """A row for each task and setting of a request; loads data, but no model, and writes nothing."""
    rows: list[dict[str, Any]] = []
    for selection in select(request.tasks, registry):
        suite = selection.suite
        made = requested_model(model, suite, request, registry, reporter)
        data = load_data(selection, request, registry, reporter)
        for plan in make_plans(selection, data, made, request):
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
                        "folder": str(plan.workplace.folder),
                    }
                )
            rows += [
                {"task": name, "instruction": plan.instruction, "queries": 0, "documents": 0, "data": "missing"}
                | {"state": "left out", "folder": str(plan.workplace.folder)}
                for name in data.missing
            ]
    return rows
