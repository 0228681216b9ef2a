"""Scoring a stored run again: no model, no corpus, no network."""

from __future__ import annotations

from pathlib import Path

from pyarrow import LargeStringArray

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError
from toolbench_eval.metrics.language import parse_measures
from toolbench_eval.metrics.score import Scores, score_run
from toolbench_eval.ranking.run import Run
from toolbench_eval.results import sidecars
from toolbench_eval.results.aggregate import Naming, TaskScores, aggregates, bootstrap, subtask_means
from toolbench_eval.results.schema import Headline, Result, TaskResult
from toolbench_eval.results.store import read_result

Vocabularies = dict[str, LargeStringArray]


def rescore(path: Path, measures: list[str] | None = None) -> Result:
    """Score the runs beside a result file.

    Args:
        path: The result file.
        measures: What to compute; None for what the result has.

    Returns:
        The result with the new scores in the place of the old, and a new identity.

    Raises:
        MissingDataError: A file beside the result is gone.
        DataError: A file beside the result is not the one that the result was computed from.
    """
    result = read_result(path)
    _check(result, path)
    names = measures or list(next(iter(result.tasks.values())).scores)
    wanted = [str(measure) for measure in parse_measures(names)]
    vocabularies: Vocabularies = {}
    tasks: dict[str, TaskResult] = {}
    scored: dict[str, TaskScores] = {}
    categories = _categories(result)
    for name, task in result.tasks.items():
        run, qrels = stored_run(task, path.parent, vocabularies)
        scores = _score(run, qrels, wanted, str(result.task_setting.get("missing", "zero")))
        values = {measure: scores.aggregate(measure) for measure in scores.values}
        subtasks = subtask_means(scores) if task.subtasks else {}
        tasks[name] = task.model_copy(update={"scores": values, "subtasks": subtasks, "queries": len(scores.query_ids)})
        scored[name] = TaskScores(categories.get(name), values, scores.values)
    averages = aggregates(scored, Naming.of(result.aggregates))
    changes = {"tasks": tasks, "aggregates": averages, "headline": _headline(result, scored, wanted)}
    return result.model_copy(update=changes).with_identity()


def stored_run(task: TaskResult, folder: Path, vocabularies: Vocabularies | None = None) -> tuple[Run, Qrels]:
    """The run and the judgments of a task.

    Args:
        task: The task's result.
        folder: Where its files are.
        vocabularies: Document ids read before, by file; the tasks of a suite mostly share them.

    Raises:
        DataError: The run is not the one whose digest the result has, or the judgments are not.
    """
    qrels_path, run_path = folder / str(task.qrels_file), folder / str(task.run_file)
    qrels = sidecars.read_qrels(qrels_path)
    if qrels.fingerprint != task.qrels_fingerprint:
        raise DataError("the judgments are not those of the result", file=qrels_path)
    known = {} if vocabularies is None else vocabularies
    name = str(task.documents_file)
    documents = known[name] if name in known else known.setdefault(name, sidecars.read_documents(folder / name))
    run = sidecars.read_run(run_path, qrels.query_ids, documents)
    if sidecars.run_digest(run) != task.run_digest:
        message = f"the run is not the one that the result was computed from, or {task.documents_file} is not"
        raise DataError(message, file=run_path)
    return run, qrels


def _score(run: Run, qrels: Qrels, measures: list[str], missing: str) -> Scores:
    if missing == "drop":
        return score_run(run.ranked(), qrels, measures, missing="drop")
    return score_run(run, qrels, measures)


def _check(result: Result, path: Path) -> None:
    """Refuse what no run of ours writes, although the schema allows it."""
    seed = result.task_setting.get("seed", 0)
    if not result.tasks:
        raise DataError("the result has no tasks", file=path, field="tasks")
    if not isinstance(seed, int) or seed < 0:
        raise DataError(f"must be a whole number, found {seed!r:.40}", file=path, field="task_setting.seed")
    if result.headline.aggregate not in result.aggregates or result.headline.aggregate.startswith("by_"):
        raise DataError("the result has no such average", file=path, field="headline.aggregate")


def _categories(result: Result) -> dict[str, str]:
    """Category of each task."""
    return {name: task.category for name, task in result.tasks.items() if task.category is not None}


def _headline(result: Result, scored: dict[str, TaskScores], measures: list[str]) -> Headline:
    old = result.headline
    metric = old.metric if old.metric in measures else measures[0]
    naming = Naming.of(result.aggregates)
    interval = bootstrap(scored, metric, old.aggregate, int(result.task_setting.get("seed", 0)), naming=naming)
    value = aggregates(scored, naming)[old.aggregate][metric]
    return Headline(metric=metric, aggregate=old.aggregate, value=value, ci95=interval)
