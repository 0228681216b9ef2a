"""The numbers that a comparison is about: the averages of a suite, its categories and its tasks, as weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolbench_eval.metrics.segments import Bools, Floats, Ints
from toolbench_eval.results.aggregate import Naming

Kind = Literal["average", "category", "task"]


@dataclass(frozen=True, eq=False)
class Weighting:
    """One number of a system: a mean of task means.

    Attributes:
        name: `category_macro`, a category, a task.
        kind: Which of them.
        weights: Weight of each task, shape (tasks,), sum 1.
    """

    name: str
    kind: Kind
    weights: Floats


def weightings(tasks: Sequence[str], categories: Sequence[str | None], sizes: Ints, naming: Naming) -> list[Weighting]:
    """Averages, categories and tasks, as `toolbench_eval.results.aggregate.aggregates` makes them.

    In `category_macro` a task weighs 1 / (categories * tasks of its category), in `subset_macro` 1 / tasks, in
    `micro` its share of the queries. A single task is the only line.

    Args:
        tasks: Names of the tasks.
        categories: Their categories; tasks without one are in no category's average.
        sizes: Their numbers of queries.
        naming: What the suite calls its averages.
    """
    singles = [Weighting(name, "task", row) for name, row in zip(tasks, np.eye(len(tasks)), strict=True)]
    if len(tasks) == 1:
        return singles
    named = [name for name in dict.fromkeys(categories) if name is not None]
    groups = [Weighting(name, "category", _share(np.array([own == name for own in categories]))) for name in named]
    averages = [
        Weighting(f"{naming.unit}_macro", "average", _share(np.ones(len(tasks), dtype=bool))),
        Weighting("micro", "average", sizes / sizes.sum()),
    ]
    if groups:
        macro = np.mean([group.weights for group in groups], axis=0)
        averages.insert(0, Weighting(f"{naming.group}_macro", "average", macro))
    return [*averages, *groups, *singles]


def _share(members: Bools) -> Floats:
    return np.asarray(members / members.sum())
