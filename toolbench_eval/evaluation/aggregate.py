"""From per-query scores to the numbers of a suite: averages by name, and their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.metrics.score import Scores

BOOTSTRAP_SAMPLES = 1000


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
    per_query: Mapping[str, npt.NDArray[np.float64]]


def aggregates(tasks: Mapping[str, TaskScores], naming: Naming | None = None) -> dict[str, dict[str, Any]]:
    """All averages of a suite, under the suite's own names.

    `category_macro` (MAIR: `domain_macro`): mean over categories of the mean over their tasks
    (ToolRet, Tables 4 and 5: the column "Average"). `subset_macro` (MAIR: `task_macro`): mean over
    tasks (MTEB's rule for ToolRet). `micro`: mean over queries.
    """
    naming = naming or Naming()
    measures = list(next(iter(tasks.values())).scores) if tasks else []
    found: dict[str, dict[str, Any]] = {
        f"{naming.unit}_macro": {name: _mean([task.scores[name] for task in tasks.values()]) for name in measures},
        "micro": {name: _mean(np.concatenate([t.per_query[name] for t in tasks.values()])) for name in measures},
    }
    by_category = {
        category: {name: _mean([task.scores[name] for task in members]) for name in measures}
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
    rng = np.random.default_rng(seed)
    drawn = {name: _resampled_means(task.per_query[measure], rng, samples) for name, task in tasks.items()}
    if aggregate == f"{(naming or Naming()).group}_macro":
        groups: dict[str | None, list[npt.NDArray[np.float64]]] = {}
        for name, task in tasks.items():
            groups.setdefault(task.category, []).append(drawn[name])
        values = np.mean([np.mean(members, axis=0) for members in groups.values()], axis=0)
    elif aggregate == "micro":
        sizes = np.array([len(task.per_query[measure]) for task in tasks.values()], dtype=np.float64)
        values = np.average(list(drawn.values()), axis=0, weights=sizes)
    else:
        values = np.mean(list(drawn.values()), axis=0)
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def subtask_means(scores: Scores) -> dict[str, dict[str, float]]:
    """Means over the groups of splits of a task with several splits.

    A split's name stands in front of its query ids; the group is what stands before a double
    underscore in it (IFEval, SWE-Bench-Lite), else the split itself.
    """
    groups = [str(name).split("/", 1)[0].split("__", 1)[0] for name in scores.query_ids.to_pylist()]
    found: dict[str, dict[str, float]] = {}
    for group in dict.fromkeys(groups):
        rows = np.array([name == group for name in groups])
        found[group] = {measure: float(values[rows].mean()) for measure, values in scores.values.items()}
    return found


def _resampled_means(
    values: npt.NDArray[np.float64], rng: np.random.Generator, samples: int
) -> npt.NDArray[np.float64]:
    n = len(values)
    if n == 0:
        return np.zeros(samples)
    picks = rng.integers(0, n, size=(samples, n), dtype=np.int32)
    return np.asarray(values[picks].mean(axis=1))


def _categories(tasks: Mapping[str, TaskScores]) -> dict[str, list[TaskScores]]:
    groups: dict[str, list[TaskScores]] = {}
    for task in tasks.values():
        if task.category is not None:
            groups.setdefault(task.category, []).append(task)
    return groups


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else 0.0
