"""What a run of an agent would do: tasks, sizes, what is solved already."""

from __future__ import annotations

from typing import Any

from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.solving.journal import Journal
from toolbench_eval.evaluation.solving.plan import make_plan
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.workplace import JOURNAL
from toolbench_eval.registry import Registry
from toolbench_eval.results.store import distinct_slug
from toolbench_eval.selection import select


def preview(request: AgentRequest, registry: Registry, reporter: Reporter) -> list[dict[str, Any]]:
    """A row for each task of a request; loads data, asks no model, writes nothing."""
    rows: list[dict[str, Any]] = []
    for selection in select(request.base.tasks, registry):
        plan = make_plan(selection, request, registry, reporter)
        place = plan.workplace
        for work in plan.works:
            journal = Journal(place.partial / JOURNAL / f"{distinct_slug(work.row.task)}.jsonl")
            solved = len(work.samples) if place.finished else len(journal.solved)
            rows.append(
                {
                    "task": f"{selection.suite.name}/{work.row.task}",
                    "samples": len(work.samples),
                    "solved": solved,
                    "data": work.origin.kind,
                    "folder": str(place.folder),
                }
            )
        rows += [
            {"task": name, "samples": 0, "solved": 0, "data": "missing", "folder": str(place.folder)}
            for name in plan.missing
        ]
    return rows
