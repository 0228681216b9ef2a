"""Paired bootstrap over samples: every level is looked at on the same redrawn samples.

Source: Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 13 (percentile intervals).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolbench_eval.metrics.segments import Floats

TINY = 1e-12
"""What rounding may leave of a difference of equal sums."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Redrawn:
    """Levels on redrawn samples.

    Attributes:
        means: Mean outcome of each level, shape (levels,).
        drawn: The same on redrawn samples, shape (draws, levels).
    """

    means: Floats
    drawn: Floats

    def mean(self, level: int) -> Estimate:
        """Mean outcome of a level."""
        return _estimate(self.means[level], self.drawn[:, level])

    def difference(self, level: int, base: int = 0) -> Estimate:
        """A level less the base level."""
        return _estimate(self.means[level] - self.means[base], self.drawn[:, level] - self.drawn[:, base])

    @property
    def range(self) -> Estimate:
        """Greatest less least mean outcome. Redrawing widens it, so that its interval lies rather high."""
        return _estimate(np.ptp(self.means), np.ptp(self.drawn, axis=1))


def redraw(values: Floats, draws: int, seed: int = 0) -> Redrawn:
    """Redraw samples with replacement.

    Args:
        values: Mean outcomes, shape (samples, levels).
        draws: Number of resamples.
        seed: Their seed.
    """
    samples = len(values)
    times = np.random.default_rng(seed).multinomial(samples, np.full(samples, 1 / samples), draws)
    return Redrawn(values.mean(axis=0), times @ values / samples)


def _estimate(value: float, drawn: Floats) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(*map(tidy, (value, low, high)))


def tidy(value: float) -> float:
    """The value, 0 where it is no more than what rounding leaves."""
    return 0.0 if abs(value) < TINY else float(value)
