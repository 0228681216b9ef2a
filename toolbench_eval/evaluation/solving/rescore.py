"""Scoring an agent's stored samples again: no language model, no retriever, no corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from toolbench_eval.agents.trajectory import Trajectory, from_json
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.evaluation.solving.answers import JUDGED, Retrieved, Scorer
from toolbench_eval.evaluation.solving.sums import COSTS, costs
from toolbench_eval.evaluation.solving.tools.rescoring import Rescored, Score, rescored_tools
from toolbench_eval.metrics.answers.profiles import Profile, find_profile
from toolbench_eval.results.aggregate import Naming, TaskScores, aggregates, bootstrap, intervals
from toolbench_eval.results.samples import ContentDigest, read_samples
from toolbench_eval.results.schema import Headline, Result, TaskResult
from toolbench_eval.results.store import read_result


def rescore_solved(path: Path, measures: list[str] | None = None, profile: str | None = None) -> Result:
    """Score the samples beside a result file.

    Args:
        path: The result file.
        measures: Measures beside those that every answer has; None for what the result has.
        profile: Another evaluator's rules; None for those that each task was scored by.

    Returns:
        The result with the new scores in the place of the old, and a new identity.

    Raises:
        MissingDataError: A file beside the result is gone.
        DataError: A file beside the result is not the one that the result was computed from.
    """
    result = read_result(path)
    if result.kind not in _SCORERS:
        raise UsageError(f"results of the kind '{result.kind}' have no samples to be scored again")
    asked = [part for text in measures for part in text.split()] if measures else None
    tasks, scored = {}, {}
    for name, task in result.tasks.items():
        tasks[name], scored[name] = _task(task, path.parent, asked, profile, _SCORERS[result.kind])
    naming = Naming.of(result.aggregates)
    averages = aggregates(scored, naming)
    setting = result.task_setting if profile is None else {**result.task_setting, "profile": profile}
    old = result.headline
    metric = old.metric if old.metric in averages[old.aggregate] else next(iter(averages[old.aggregate]))
    interval = bootstrap(scored, metric, old.aggregate, int(setting.get("seed", 0)), naming=naming)
    value = averages[old.aggregate][metric]
    headline = Headline(metric=metric, aggregate=old.aggregate, value=value, ci95=interval)
    spread = intervals(scored, old.aggregate, int(setting.get("seed", 0)), naming=naming)
    changes = {"tasks": tasks, "aggregates": averages, "headline": headline, "task_setting": setting}
    changes |= {"intervals": spread}
    return result.model_copy(update=changes).with_identity()


def _task(
    task: TaskResult, folder: Path, asked: list[str] | None, profile: str | None, score: Score
) -> tuple[TaskResult, TaskScores]:
    solved = task.solved
    if solved is None:
        raise DataError("the result does not say where its samples are", file=folder, field="solved")
    path = folder / solved.samples_file
    found = score(path, solved.profile, profile, list(task.scores) if asked is None else asked)
    digest = ContentDigest()
    for trajectory in found.trajectories:
        digest.add(trajectory.canonical())
    if digest.value != solved.samples_digest:
        raise DataError("the samples are not those that the result was computed from", file=path)
    values = {name: np.array([row[name] for row in found.rows]) for name in found.rows[0]}
    means = {name: float(column.mean()) for name, column in values.items()}
    changed = solved.model_copy(update={"profile": found.profile})
    return task.model_copy(update={"scores": means, "solved": changed}), TaskScores(task.category, means, values)


def _answers(path: Path, stored: str, profile: str | None, asked: list[str]) -> Rescored:
    """Samples of question answering."""
    samples, rules = list(_samples(path)), find_profile(profile or stored)
    return Rescored([trajectory for _, trajectory, _ in samples], _rows(samples, rules, asked), rules.name)


def _rows(
    samples: list[tuple[Question, Trajectory, Retrieved]], rules: Profile, asked: list[str]
) -> list[dict[str, float]]:
    wanted = [name for name in asked if name not in COSTS and name not in JUDGED]
    scorer = Scorer.of([question for question, _, _ in samples], rules, wanted)
    return [{**scorer.score(*sample), **costs(sample[1])} for sample in samples]


def _samples(path: Path) -> Iterator[tuple[Question, Trajectory, Retrieved]]:
    for number, record in enumerate(read_samples(path), start=1):
        try:
            yield _question(record["gold"]), from_json(record["trajectory"]), _retrieved(record["retrieved"])
        except (KeyError, TypeError) as error:
            raise DataError(f"not a sample: {error}", file=path, row=number) from None


def _question(gold: dict[str, Any]) -> Question:
    """What `QuestionWork.gold` wrote; JSON has lists for tuples."""
    return Question(**{key: _tuples(value) for key, value in gold.items()})


def _retrieved(values: dict[str, Any]) -> Retrieved:
    return Retrieved(tuple(values["ids"]), tuple(values["titles"]), tuple(values["held"]))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


_SCORERS: dict[str, Score] = {"question-answering": _answers, "tool-use": rescored_tools}
"""By kind of result: how its stored samples are scored."""
