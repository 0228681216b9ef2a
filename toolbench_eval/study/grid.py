"""The outcomes of a study as an array, and the parts of it that belong to a factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.segments import Floats
from toolbench_eval.study.design import Condition, Design
from toolbench_eval.study.observed import Observed
from toolbench_eval.study.runner import MadeRun


@dataclass(frozen=True, eq=False)
class Grid:
    """Outcomes of all samples under all conditions and seeds.

    Attributes:
        design: The conditions.
        seeds: Seeds of the repeats.
        samples: Task and id of each sample.
        values: Outcomes, shape (samples, conditions, seeds).
        seen: What was seen, by condition and seed, the samples in order.
    """

    design: Design
    seeds: tuple[int, ...]
    samples: tuple[tuple[str, str], ...]
    values: Floats
    seen: Sequence[Sequence[Sequence[Observed]]]

    def at(self, condition: Condition) -> int:
        """Position of a condition."""
        return self.design.conditions.index(condition)

    def conditions_of(self, factor: str, level: str) -> list[int]:
        """Conditions that speak for a level: with one factor at a time all others at their base, else all of them."""
        base = self.design.conditions[0].levels
        found = [at for at, one in enumerate(self.design.conditions) if one.levels[factor] == level]
        if self.design.kind != "one_factor":
            return found
        return [at for at in found if all(self._level(at, name) == base[name] for name in base if name != factor)]

    def means(self, factor: str, levels: Sequence[str]) -> Floats:
        """Mean outcome of each sample under each level, over repeats and the other factors; (samples, levels)."""
        columns = [self.values[:, self.conditions_of(factor, level)].mean(axis=(1, 2)) for level in levels]
        return np.stack(columns, axis=1)

    def matched(self, factor: str, levels: Sequence[str]) -> Floats | None:
        """Outcomes that differ in nothing but the level, shape (samples, repeats and others' levels, levels).

        None in a fraction, where other factors change with the level.
        """
        if self.design.kind == "fractional":
            return None
        columns = [self.values[:, self.conditions_of(factor, level)] for level in levels]
        return np.stack([one.reshape(len(self.samples), -1) for one in columns], axis=2)

    def pairs(self, first: str, second: str, levels: tuple[Sequence[str], Sequence[str]]) -> Floats:
        """Mean outcome of each sample under each pair of levels of two factors, shape (samples, levels, levels)."""

        def mean(a: str, b: str) -> Floats:
            both = {*self.conditions_of(first, a)} & {*self.conditions_of(second, b)}
            return np.asarray(self.values[:, sorted(both)].mean(axis=(1, 2)))

        rows = [np.stack([mean(a, b) for b in levels[1]], axis=1) for a in levels[0]]
        return np.stack(rows, axis=1)

    def _level(self, condition: int, factor: str) -> str:
        return self.design.conditions[condition].levels[factor]


def make_grid(runs: Sequence[MadeRun], design: Design, seeds: Sequence[int]) -> Grid:
    """Put the runs of a study into an array.

    Raises:
        DataError: Two runs saw different samples.
    """
    by_cell = {(run.planned.condition.label, run.planned.seed): run for run in runs}
    samples = tuple((one.task, one.sample) for one in runs[0].samples)
    for run in runs:
        if tuple((one.task, one.sample) for one in run.samples) != samples:
            raise DataError("the runs of the study saw different samples: its data changed meanwhile", file=run.file)
    seen = [[by_cell[one.label, seed].samples for seed in seeds] for one in design.conditions]
    values = np.array([[[one.outcome for one in run] for run in condition] for condition in seen])
    return Grid(design, tuple(seeds), samples, np.moveaxis(values, 2, 0), seen)
