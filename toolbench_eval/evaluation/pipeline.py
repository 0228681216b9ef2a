"""The pipeline: index once, search every task and setting, score, write."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace

import pyarrow as pa

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import tie_order
from toolbench_eval.data.load import TaskData
from toolbench_eval.data.queries import Queries
from toolbench_eval.evaluation.assemble import assemble
from toolbench_eval.evaluation.plan import Plan, load_data, make_plans
from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.select import Selection, select
from toolbench_eval.evaluation.timing import Timing
from toolbench_eval.metrics.score import Scores, score_run
from toolbench_eval.ranking.run import Run
from toolbench_eval.registry import Registry
from toolbench_eval.results import sidecars
from toolbench_eval.results.schema import Result, TaskResult
from toolbench_eval.results.store import read_result
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.retrievers.model import Model

DOCUMENTS_FILE = "documents.parquet"


def run(
    request: Request,
    model: str | Model,
    registry: Registry | None = None,
    reporter: Reporter | None = None,
) -> list[Result]:
    """Evaluate a model on the tasks of a request.

    Args:
        request: What is asked for.
        model: A name, or a model of one's own.
        registry: Where names are looked up.
        reporter: Who is told of progress.

    Returns:
        One result for each suite and instruction setting, suites in the order they were named.

    Raises:
        EvalHarnessError: See `toolbench_eval.errors`; finished tasks stay for the next run.
    """
    registry, reporter = registry or Registry(), reporter or LoggingReporter()
    results: list[Result] = []
    for selection in select(request.tasks, registry):
        results += _run_suite(selection, request, model, registry, reporter)
    return results


def _run_suite(
    selection: Selection, request: Request, model: str | Model, registry: Registry, reporter: Reporter
) -> list[Result]:
    timing = Timing()
    suite = selection.suite
    if isinstance(model, str):
        model = load_model(
            model,
            registry,
            protocol=request.protocol,
            suite=suite,
            switches=request.switches,
            runtime=replace(request.runtime, offline=request.access.offline),
        )
    with timing.phase("load"):
        data = load_data(selection, request, registry, reporter)
        plans = make_plans(selection, data, model, request)
    _tell(plans[0], reporter)
    with ExitStack() as locks:
        for plan in sorted(plans, key=lambda plan: plan.workplace.folder):
            locks.enter_context(plan.workplace.locked(reporter))
        open_plans = [plan for plan in plans if not plan.workplace.finished]
        for plan in plans:
            if plan.workplace.finished:
                reporter.note(f"already there: {plan.workplace.result_file}")
        resumed = _evaluate(open_plans, model, timing, reporter)
        for plan in open_plans:
            plan.workplace.finish(assemble(plan, model, timing, resumed=resumed))
        return [read_result(plan.workplace.result_file) for plan in plans]


def _evaluate(plans: list[Plan], model: Model, timing: Timing, reporter: Reporter) -> bool:
    """Leave the files of every task in the plans' workplaces; returns whether some were there already."""
    todo = [(task, plan) for plan in plans for task in plan.data.tasks if plan.workplace.done(task.row.task) is None]
    total = sum(len(plan.data.tasks) for plan in plans)
    if len(todo) < total:
        reporter.note(f"continuing: {total - len(todo)} of {total} pieces are done")
    for plan in plans:
        _write_documents(plan, timing)
    queries = sum(len(task.queries) for task, _ in todo)
    with reporter.track(f"search {model.name}", queries) as advance:
        for corpus, members in _by_corpus(todo):
            with timing.phase("index"):
                model.index(corpus)
            for task, plan in members:
                _evaluate_task(task, plan, corpus, model, timing)
                advance(len(task.queries))
    return len(todo) < total


def _by_corpus(todo: list[tuple[TaskData, Plan]]) -> Iterable[tuple[Corpus, list[tuple[TaskData, Plan]]]]:
    """Group work by the corpus it searches, so that each is indexed once."""
    groups: dict[str | None, list[tuple[TaskData, Plan]]] = {}
    for task, plan in todo:
        scope = None if plan.switches.scope == "pooled" else task.row.category
        groups.setdefault(scope, []).append((task, plan))
    for members in groups.values():
        task, plan = members[0]
        yield replace(plan.corpus_of(task), ties=plan.switches.ties), members


def _evaluate_task(task: TaskData, plan: Plan, corpus: Corpus, model: Model, timing: Timing) -> None:
    with timing.phase("search"):
        run = model.search(_asked(task.queries, plan), plan.task_setting["k"], task.qrels)
    with timing.phase("score"):
        scores = score_run(run, task.qrels, plan.measures, missing=plan.switches.missing)
    with timing.phase("write"):
        result = _write(task, plan, corpus, run, scores)
        plan.workplace.mark_done(task.row.task, result)


def _asked(queries: Queries, plan: Plan) -> Queries:
    return queries if plan.instruction == "with" else replace(queries, instructions=None)


def _write(task: TaskData, plan: Plan, corpus: Corpus, run: Run, scores: Scores) -> TaskResult:
    place, name = plan.workplace, task.row.task
    run_file, per_query_file, qrels_file = (place.path(kind, name) for kind in ("runs", "per_query", "qrels"))
    sidecars.write_run(run_file, run, vocabulary(plan.data.loaded.corpus))
    sidecars.write_per_query(per_query_file, scores.query_ids, scores.values)
    sidecars.write_qrels(qrels_file, task.qrels)
    return TaskResult(
        category=task.row.category,
        scores={measure: scores.aggregate(measure) for measure in scores.values},
        queries=len(scores.query_ids),
        failed=int((run.lengths == 0).sum()),
        corpus_fingerprint=corpus.fingerprint,
        queries_fingerprint=task.queries.fingerprint,
        qrels_fingerprint=task.qrels.fingerprint,
        run_digest=sidecars.run_digest(run),
        run_file=place.name(run_file),
        per_query_file=place.name(per_query_file),
        qrels_file=place.name(qrels_file),
        documents_file=DOCUMENTS_FILE,
    )


def _write_documents(plan: Plan, timing: Timing) -> None:
    path = plan.workplace.partial / DOCUMENTS_FILE
    if not path.is_file():
        with timing.phase("write"):
            sidecars.write_documents(path, vocabulary(plan.data.loaded.corpus))


def vocabulary(corpus: Corpus) -> pa.LargeStringArray:
    """Document ids in the order that stored runs number them: sorted, so the order of a file does not matter."""
    return corpus.ids.take(pa.array(tie_order(corpus.ids)[::-1]))


def _tell(plan: Plan, reporter: Reporter) -> None:
    """Say what makes the result partial, or a query unanswerable."""
    data, suite = plan.data, plan.selection.suite
    if data.missing:
        reporter.warn(f"no data for {len(data.missing)} tasks, the result is partial: {', '.join(data.missing)}")
    odd = [
        f"{task.row.task} {len(task.queries)} (expected {task.row.queries})"
        for task in data.tasks
        if task.row.queries not in (None, len(task.queries)) and plan.task_setting["limit"] is None
    ]
    if odd:
        reporter.warn(f"numbers of queries differ from {suite.name}'s table, the result is partial: {', '.join(odd)}")
