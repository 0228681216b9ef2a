"""From per-query scores to the numbers of a suite: averages by name, and their uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.metrics.of_samples import of_samples
from toolbench_eval.metrics.registry import find, mean
from toolbench_eval.metrics.score import Scores
from toolbench_eval.metrics.segments import Floats

Rule = Callable[[Floats], float]

BOOTSTRAP_SAMPLES = 1000
DRAWN_AT_ONCE = 500_000
"""Values that are drawn at a time."""


@dataclass(frozen=True)
class Naming:
    """What a suite calls its tasks and categories, and so its averages.

    Attributes:
        unit: ToolRet says subset, MAIR task.
        group: ToolRet says category, MAIR domain.
    """

    unit: str = "subset"
    group: str = "category"

    @classmethod
    def of(cls, averages: Mapping[str, Any]) -> Naming:
        """The names that stored aggregates were made with."""
        group = next((name.removeprefix("by_") for name in averages if name.startswith("by_")), cls.group)
        macros = [name.removesuffix("_macro") for name in averages if name.endswith("_macro")]
        return cls(next((name for name in macros if name != group), cls.unit), group)


@dataclass(frozen=True)
class TaskScores:
    """Scores of one task.

    Attributes:
        category: The task's category, None where the suite has none.
        scores: Value of each measure for the task.
        per_query: Value of each measure for each query.
    """

    category: str | None
    scores: Mapping[str, float]
    per_query: Mapping[str, Floats]


def aggregates(tasks: Mapping[str, TaskScores], naming: Naming | None = None) -> dict[str, dict[str, Any]]:
    """All averages of a suite, under the suite's own names.

    `category_macro` (MAIR: `domain_macro`): mean over categories of the mean over their tasks
    (ToolRet, Tables 4 and 5: the column "Average"). `subset_macro` (MAIR: `task_macro`): mean over
    tasks (MTEB's rule for ToolRet). `micro`: all queries as one task.

    A measure with a rule of its own (GMAP, NumRet) keeps it within tasks and in `micro`; the values of
    tasks and categories are averaged as those of every other measure.
    """
    naming = naming or Naming()
    first = next(iter(tasks.values())).scores if tasks else {}
    measures = [name for name in first if all(name in task.scores for task in tasks.values())]
    found: dict[str, dict[str, Any]] = {
        f"{naming.unit}_macro": {name: _mean([task.scores[name] for task in tasks.values()]) for name in measures},
        "micro": {name: _rule(name)(np.concatenate([t.per_query[name] for t in tasks.values()])) for name in measures},
    }
    by_category = {
        category: {name: _mean([tasks[task].scores[name] for task in members]) for name in measures}
        for category, members in _categories(tasks).items()
    }
    if by_category:
        macro = {name: _mean([scores[name] for scores in by_category.values()]) for name in measures}
        found = {f"{naming.group}_macro": macro, **found, f"by_{naming.group}": by_category}
    return found


def bootstrap(
    tasks: Mapping[str, TaskScores],
    measure: str,
    aggregate: str,
    seed: int,
    *,
    naming: Naming | None = None,
    samples: int = BOOTSTRAP_SAMPLES,
) -> tuple[float, float]:
    """95 % interval of an aggregate: percentile bootstrap, queries drawn within each task.

    The tasks are held fixed: the interval says how much the value depends on the queries.

    Args:
        tasks: Scores of the tasks.
        measure: Name of the measure.
        aggregate: `<group>_macro`, `<unit>_macro` or `micro`.
        seed: Seed of the draws.
        naming: What the suite calls its tasks and categories.
        samples: Number of draws.

    Returns:
        Lower and upper end (Efron and Tibshirani 1993, chapter 13).
    """
    rng, rule = np.random.default_rng(seed), _rule(measure)
    if aggregate == "micro":
        drawn = [_drawn(task.per_query[measure], rng, samples) for task in tasks.values()]
        values = _by_rule(rule, np.concatenate(drawn, axis=1))
    else:
        of_tasks = {name: _of_draws(task.per_query[measure], rule, rng, samples) for name, task in tasks.items()}
        groups = [list(tasks)]
        if aggregate == f"{(naming or Naming()).group}_macro":
            groups = list(_categories(tasks).values())
        values = np.mean([np.mean([of_tasks[name] for name in members], axis=0) for members in groups], axis=0)
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def intervals(
    tasks: Mapping[str, TaskScores], aggregate: str, seed: int, *, naming: Naming | None = None
) -> dict[str, tuple[float, float]]:
    """95 % interval of an aggregate for every measure that all tasks have (see `bootstrap`)."""
    measures = aggregates(tasks, naming)[aggregate]
    return {name: bootstrap(tasks, name, aggregate, seed, naming=naming) for name in measures}


def subtask_means(scores: Scores) -> dict[str, dict[str, float]]:
    """Scores of the groups of splits of a task with several splits (see `subtask_rows`)."""
    return {
        group: {measure: _rule(measure)(values[rows]) for measure, values in scores.values.items()}
        for group, rows in subtask_rows(scores.query_ids.to_pylist()).items()
    }


def subtask_rows(query_ids: Sequence[str]) -> dict[str, npt.NDArray[np.bool_]]:
    """Which queries are of which group of splits, for a task with several splits.

    A split's name stands in front of its query ids; the group is what stands before a double
    underscore in it (IFEval, SWE-Bench-Lite), else the split itself.
    """
    groups = np.array([name.split("/", 1)[0].split("__", 1)[0] for name in query_ids], dtype=object)
    return {group: groups == group for group in dict.fromkeys(groups.tolist())}


def _of_draws(values: Floats, rule: Rule, rng: np.random.Generator, samples: int) -> Floats:
    """What each of the draws comes to, shape (samples,); few at a time, so that memory does not grow with samples."""
    at_once = max(1, DRAWN_AT_ONCE // max(1, len(values)))
    blocks = [min(at_once, samples - start) for start in range(0, samples, at_once)]
    return np.concatenate([_by_rule(rule, _drawn(values, rng, block)) for block in blocks])


def _drawn(values: Floats, rng: np.random.Generator, samples: int) -> Floats:
    """Values of queries drawn with replacement, shape (samples, n)."""
    return values[rng.integers(0, len(values), size=(samples, len(values)), dtype=np.int32)]


def _by_rule(rule: Rule, drawn: Floats) -> Floats:
    """What each row comes to, shape (samples,)."""
    if rule is mean:
        return np.asarray(drawn.mean(axis=1))
    return np.array([rule(row) for row in drawn])


def _rule(measure: str) -> Rule:
    """How a measure goes from queries to a run; measures of agents' samples are all averaged."""
    if of_samples(measure):
        return mean
    return find(parse_measure(measure).name).aggregate


def _categories(tasks: Mapping[str, TaskScores]) -> dict[str, list[str]]:
    """Names of the tasks of each category; tasks without one are left out."""
    groups: dict[str, list[str]] = {}
    for name, task in tasks.items():
        if task.category is not None:
            groups.setdefault(task.category, []).append(name)
    return groups


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else 0.0
