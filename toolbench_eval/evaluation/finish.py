"""The end of a task: its run is put together, scored and written."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping

import pyarrow as pa

from toolbench_eval.data.fingerprint import combined
from toolbench_eval.data.tasks import TaskData
from toolbench_eval.evaluation.home import HOME_MEASURES, UNMEASURED, Home, Scored
from toolbench_eval.evaluation.plan import Plan
from toolbench_eval.evaluation.timing import Timing
from toolbench_eval.metrics.score import Scores, score_run
from toolbench_eval.ranking.merge import merged, sorted_vocabulary
from toolbench_eval.ranking.run import Run
from toolbench_eval.results import sidecars
from toolbench_eval.results.aggregate import subtask_means
from toolbench_eval.results.schema import TaskResult


def finish_task(task: TaskData, plan: Plan, runs: Mapping[int, Run], timing: Timing) -> None:
    """Score a task whose splits are all searched, and leave its files in the plan's workplace.

    Raises:
        DataError: The model gave a ranking that is none: unknown or repeated documents, NaN.
        StorageError: The disk failed.
    """
    with timing.phase("score"):
        parts = [runs[at] for at in range(len(task.units))]
        vocabulary = sorted_vocabulary([run.doc_ids for run in parts])
        run = merged(parts, vocabulary)
        missing = plan.switches.missing
        scores = score_run(run.ranked() if missing == "drop" else run, task.qrels, plan.measures, missing=missing)
    with timing.phase("write"):
        plan.workplace.mark_done(task.row.task, _write(task, plan, run, scores))


def _write(task: TaskData, plan: Plan, run: Run, scores: Scores) -> TaskResult:
    place, name = plan.workplace, task.row.task
    run_file, per_query_file, qrels_file = (place.path(kind, name) for kind in ("runs", "per_query", "qrels"))
    documents_file = place.path("documents", _vocabulary_name(run.doc_ids))
    if place.first_use(documents_file):
        sidecars.write_documents(documents_file, run.doc_ids)
    sidecars.write_run(run_file, run)
    sidecars.write_per_query(per_query_file, scores.query_ids, scores.values)
    sidecars.write_qrels(qrels_file, task.qrels)
    return TaskResult(
        category=task.row.category,
        scores={measure: scores.aggregate(measure) for measure in scores.values},
        subtasks=subtask_means(scores) if len(task.units) > 1 else {},
        home=_home(task, plan, run),
        queries=len(scores.query_ids),
        failed=0 if plan.switches.missing == "drop" else int((run.lengths == 0).sum()),
        corpus_fingerprint=combined([plan.corpus_of(task, unit).fingerprint for unit in task.units]),
        queries_fingerprint=task.queries.fingerprint,
        qrels_fingerprint=task.qrels.fingerprint,
        run_digest=sidecars.run_digest(run),
        run_file=place.name(run_file),
        per_query_file=place.name(per_query_file),
        qrels_file=place.name(qrels_file),
        documents_file=place.name(documents_file),
    )


def _home(task: TaskData, plan: Plan, run: Run) -> Home:
    if task.row.home is None:
        return {}
    found = HOME_MEASURES[task.row.home](Scored(task.queries, task.qrels, run))
    if found[task.row.home] is None:
        name = f"{plan.selection.suite.name}/{task.row.task}"
        text = f"{name}: {task.row.home} is not measured: {UNMEASURED[task.row.home]}"
        logging.getLogger("toolbench_eval").warning(text)
    return found


def _vocabulary_name(doc_ids: pa.LargeStringArray) -> str:
    digest = hashlib.sha256("\n".join(doc_ids.to_pylist()).encode())
    return digest.hexdigest()[:12]
