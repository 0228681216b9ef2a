"""Putting a result together from what its tasks left on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import StorageError
from toolbench_eval.evaluation.parts import limits_of, weights_recorded
from toolbench_eval.evaluation.plan import Plan, origins
from toolbench_eval.evaluation.provenance import environment, peak_memory_bytes
from toolbench_eval.evaluation.timing import Timing
from toolbench_eval.metrics.language import parse_measures
from toolbench_eval.results.aggregate import Naming, TaskScores, aggregates, bootstrap
from toolbench_eval.results.schema import Count, Execution, Headline, Result, TaskResult
from toolbench_eval.results.sidecars import read_per_query
from toolbench_eval.retrievers.cost import Cost
from toolbench_eval.retrievers.model import Model, TemplatedModel
from toolbench_eval.retrievers.templates import query_texts

SHOWN = 2000
"""Characters of an example text that a result keeps."""


def assemble(
    plan: Plan, model: Model, timing: Timing, *, cost: Cost, first_stage: Mapping[str, Count], resumed: bool
) -> Result:
    """The result of a plan whose tasks are all done.

    Args:
        plan: The plan.
        model: The model.
        timing: Seconds of each phase.
        cost: What the model used for this result.
        first_stage: Of the tasks of which a stored first stage lacks queries, how many it has.
        resumed: Whether another process made some of it.
    """
    suite, data = plan.selection.suite, plan.data
    finished = {task.row.task: _done(plan, task.row.task) for task in data.tasks}
    scored = {
        task.row.task: TaskScores(
            task.row.category, finished[task.row.task].scores, _per_query(plan, finished[task.row.task])
        )
        for task in data.tasks
    }
    counts = {
        f"{suite.name}/{task.row.task}": Count(expected=task.row.queries, found=len(task.queries))
        for task in data.tasks
        if task.row.queries is not None
    }
    for task in data.tasks:
        if task.row.splits is not None:
            counts[f"{suite.name}/{task.row.task}:splits"] = Count(expected=task.row.splits, found=len(task.units))
    if data.documents_expected is not None and data.shared is not None:
        counts[f"corpus:{suite.spec.corpus}"] = Count(expected=data.documents_expected, found=len(data.shared))
    counts |= first_stage
    partial = bool(data.missing) or not plan.selection.whole or any(c.expected != c.found for c in counts.values())
    return Result(
        suite=suite.name,
        suite_version=suite.spec.version,
        model=model.name,
        model_revision=model.revision,
        task_setting=plan.task_setting,
        model_setting=model.setting,
        partial=partial or plan.task_setting["limit"] is not None,
        missing=list(data.missing),
        counts=counts,
        tasks={f"{suite.name}/{name}": result for name, result in finished.items()},
        aggregates=aggregates(scored, _naming(plan)),
        headline=_headline(plan, scored),
        execution=_execution(plan, model, timing, cost, resumed),
    ).with_identity()


def _headline(plan: Plan, scored: dict[str, TaskScores]) -> Headline:
    declared = plan.selection.suite.spec.headline
    metric = str(parse_measures(declared.metric)[0])
    naming = _naming(plan)
    averages = aggregates(scored, naming)
    aggregate = declared.aggregate if declared.aggregate in averages else f"{naming.unit}_macro"
    interval = bootstrap(scored, metric, aggregate, plan.task_setting["seed"], naming=naming)
    return Headline(metric=metric, aggregate=aggregate, value=averages[aggregate][metric], ci95=interval)


def _naming(plan: Plan) -> Naming:
    spec = plan.selection.suite.spec
    return Naming(spec.unit, spec.group)


def _execution(plan: Plan, model: Model, timing: Timing, cost: Cost, resumed: bool) -> Execution:
    models, limits = weights_recorded(model), limits_of(model)
    loaded = {"models": models, "max_length": limits}
    return Execution(
        timing=timing.report(),
        environment=environment(),
        cost=cost,
        index_bytes=0 if resumed else model.index_bytes,
        queries_per_second=timing.queries_per_second,
        peak_memory_bytes=peak_memory_bytes(),
        sources={**origins(plan.data), **{name: found for name, found in loaded.items() if found}},
        files=plan.workplace.file_digests(),
        examples=_examples(plan, model),
        resumed=resumed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _examples(plan: Plan, model: Model) -> dict[str, str]:
    """The first query as the model saw it, so that a wrong template shows."""
    if not isinstance(model, TemplatedModel):
        return {}
    first = plan.data.tasks[0].queries.head(1)
    asked = first if plan.instruction == "with" else Queries(first.ids, first.texts)
    return {"query": query_texts(asked, model.templates, model.switches)[0].as_py()[:SHOWN]}


def _done(plan: Plan, task: str) -> TaskResult:
    result = plan.workplace.done(task)
    if result is None:
        raise StorageError(f"the files of '{task}' in {plan.workplace.partial} changed while they were used; run again")
    return result


def _per_query(plan: Plan, result: TaskResult) -> dict[str, npt.NDArray[np.float64]]:
    path = plan.workplace.partial / str(result.per_query_file)
    return read_per_query(path)[1]
