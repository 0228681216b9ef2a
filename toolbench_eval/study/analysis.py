"""From the outcomes of a study to what it found: for each factor range, drops, flips, tests, and how to read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from toolbench_eval.comparison.significance import holm
from toolbench_eval.metrics.tools.stability import all_conditions, any_condition, is_evidence
from toolbench_eval.study.anova import Anova, blocked, interaction
from toolbench_eval.study.factors import Side, find_factor
from toolbench_eval.study.grid import Grid
from toolbench_eval.study.intervals import Estimate, redraw, tidy
from toolbench_eval.study.levelled import LevelStats, consistency, level_stats, spread_of
from toolbench_eval.study.notes import notes_of

ALPHA = 0.05
SAME = "no difference"
NOISE = "no evidence: the range is below twice the run spread"
UNTESTED = "no evidence: not significant"
EVIDENCE = "evidence"
UNMEASURED = "significant; the run spread was not measured"


@dataclass(frozen=True)
class FactorStats:
    """A factor.

    Attributes:
        factor: Its name.
        side: Whether it belongs to the agent or to its input.
        levels: Its levels, the base level first.
        range: Greatest less least mean outcome of a level.
        max_drop: That of the base level less the least.
        relative_drop: The same as a share of the base's, None where that is 0.
        all_conditions: Share of samples solved under every level; None in a fraction.
        any_condition: Share solved under at least one.
        consistency: Likeness of the calls of a sample under different levels.
        spread: Run spread, pooled over the conditions of the factor; None for a single repeat.
        anova: Paired analysis of variance.
        p_holm: p-value of its permutations, corrected for the number of factors (Holm 1979).
        verdict: How to read it.
    """

    factor: str
    side: Side
    levels: tuple[LevelStats, ...]
    range: Estimate
    max_drop: float
    relative_drop: float | None
    all_conditions: float | None
    any_condition: float | None
    consistency: float | None
    spread: float | None
    anova: Anova
    p_holm: float = 1.0
    verdict: str = ""

    @property
    def flips(self) -> float | None:
        """The largest share of samples whose outcome differs from the base's under one level."""
        rates = [one.flips_up + one.flips_down for one in self.levels if None not in (one.flips_up, one.flips_down)]  # type: ignore[operator]
        return max(rates, default=None)


@dataclass(frozen=True)
class Interaction:
    """How far the effect of one factor depends on another."""

    factors: tuple[str, str]
    anova: Anova


@dataclass(frozen=True)
class Analysis:
    """What a study found.

    Attributes:
        metric: The outcome.
        samples: Number of samples.
        seeds: Seeds of the repeats.
        base: The base condition.
        factors: The factors.
        interactions: Pairs of factors, in a full design.
        relation: Defining relation of a fraction.
        notes: What a reader should know.
    """

    metric: str
    samples: int
    seeds: tuple[int, ...]
    base: LevelStats
    factors: tuple[FactorStats, ...]
    interactions: tuple[Interaction, ...]
    relation: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def analyse(grid: Grid, factors: Mapping[str, Sequence[str]], metric: str, draws: int) -> Analysis:
    """Analyse a study.

    Args:
        grid: Its outcomes.
        factors: Levels by factor, the base level first.
        metric: Name of the outcome.
        draws: Resamples of intervals, and permutations.
    """
    found = _judged([_factor(grid, name, levels, draws) for name, levels in factors.items()])
    pairs = combinations(factors, 2) if grid.design.kind == "full" else ()
    interactions = [
        Interaction(pair, interaction(grid.pairs(*pair, (factors[pair[0]], factors[pair[1]])))) for pair in pairs
    ]
    alone = redraw(grid.values[:, 0].mean(axis=1, keepdims=True), draws)
    return Analysis(
        metric=metric,
        samples=len(grid.samples),
        seeds=grid.seeds,
        base=level_stats(grid, "base", 0, [0], alone, None),
        factors=tuple(found),
        interactions=tuple(interactions),
        relation=grid.design.relation,
        notes=tuple(notes_of(grid, factors)),
    )


def _factor(grid: Grid, name: str, levels: Sequence[str], draws: int) -> FactorStats:
    means, matched = grid.means(name, levels), grid.matched(name, levels)
    redrawn = redraw(means, draws)
    conditions = [grid.conditions_of(name, level) for level in levels]
    drop = tidy(redrawn.means[0] - redrawn.means.min())
    by_cell = None if matched is None else matched.reshape(-1, len(levels))
    return FactorStats(
        factor=name,
        side=find_factor(name).side,
        levels=tuple(level_stats(grid, level, at, conditions[at], redrawn, matched) for at, level in enumerate(levels)),
        range=redrawn.range,
        max_drop=drop,
        relative_drop=drop / float(redrawn.means[0]) if redrawn.means[0] else None,
        all_conditions=None if by_cell is None else all_conditions(by_cell),
        any_condition=None if by_cell is None else any_condition(by_cell),
        consistency=None if matched is None else _likeness(grid, conditions),
        spread=spread_of(grid.values[:, sorted({at for some in conditions for at in some})]),
        anova=blocked(means, draws),
    )


def _likeness(grid: Grid, conditions: Sequence[Sequence[int]]) -> float:
    """Likeness of the calls of a sample under conditions that differ in nothing but the level."""
    groups = [
        group
        for cell in zip(*conditions, strict=True)
        for repeat in range(len(grid.seeds))
        for group in zip(*(grid.seen[at][repeat] for at in cell), strict=True)
    ]
    return consistency(groups)


def _judged(factors: Sequence[FactorStats]) -> list[FactorStats]:
    p = holm(np.array([1.0 if one.anova.p_permutation is None else one.anova.p_permutation for one in factors]))
    return [
        replace(one, p_holm=float(value), verdict=_verdict(one, float(value)))
        for one, value in zip(factors, p, strict=True)
    ]


def _verdict(factor: FactorStats, p: float) -> str:
    if factor.range.value == 0:
        return SAME
    if factor.spread is not None and not is_evidence(factor.range.value, factor.spread):
        return NOISE
    if p > ALPHA:
        return UNTESTED
    return UNMEASURED if factor.spread is None else EVIDENCE
