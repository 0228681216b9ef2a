"""From per-query scores to the numbers of a suite: averages by name, and their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BOOTSTRAP_SAMPLES = 1000


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


def aggregates(tasks: Mapping[str, TaskScores]) -> dict[str, dict[str, Any]]:
    """All averages of a suite.

    `category_macro`: mean over categories of the mean over their tasks (ToolRet, Tables 4 and 5:
    the column "Average"). `subset_macro`: mean over tasks (MTEB). `micro`: mean over queries.
    """
    measures = list(next(iter(tasks.values())).scores) if tasks else []
    found: dict[str, dict[str, Any]] = {
        "subset_macro": {name: _mean([task.scores[name] for task in tasks.values()]) for name in measures},
        "micro": {name: _mean(np.concatenate([t.per_query[name] for t in tasks.values()])) for name in measures},
    }
    by_category = {
        category: {name: _mean([task.scores[name] for task in members]) for name in measures}
        for category, members in _categories(tasks).items()
    }
    if by_category:
        macro = {name: _mean([scores[name] for scores in by_category.values()]) for name in measures}
        found = {"category_macro": macro, **found, "by_category": by_category}
    return found


def bootstrap(
    tasks: Mapping[str, TaskScores], measure: str, aggregate: str, seed: int, samples: int = BOOTSTRAP_SAMPLES
) -> tuple[float, float]:
    """95 % interval of an aggregate: percentile bootstrap, queries drawn within each task.

    Args:
        tasks: Scores of the tasks.
        measure: Name of the measure.
        aggregate: `category_macro`, `subset_macro` or `micro`.
        seed: Seed of the draws.
        samples: Number of draws.

    Returns:
        Lower and upper end (Efron and Tibshirani 1993, chapter 13).
    """
    rng = np.random.default_rng(seed)
    drawn = {name: _resampled_means(task.per_query[measure], rng, samples) for name, task in tasks.items()}
    if aggregate == "category_macro" and (groups := _categories(tasks)):
        names = {id(task): name for name, task in tasks.items()}
        per_category = [np.mean([drawn[names[id(task)]] for task in members], axis=0) for members in groups.values()]
        values = np.mean(per_category, axis=0)
    elif aggregate == "micro":
        sizes = np.array([len(task.per_query[measure]) for task in tasks.values()], dtype=np.float64)
        values = np.average(list(drawn.values()), axis=0, weights=sizes)
    else:
        values = np.mean(list(drawn.values()), axis=0)
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


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
