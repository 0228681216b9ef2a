"""How much outcomes move between repeats and between conditions of a factor.

Definitions: the harness's own for the stability study (Huang et al. 2024, arXiv:2407.03007, whose formulas are not
published); pass^k from tau-bench (Yao et al. 2024, arXiv:2406.12045, section 4). An outcome is a number from 0 to 1,
1 for solved. Arrays have one row a task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from toolbench_eval.metrics.tools.sequences import lcs_length

Outcomes = npt.ArrayLike


@dataclass(frozen=True)
class Flips:
    """Shares of tasks whose outcome rose and fell."""

    up: float
    down: float

    @property
    def rate(self) -> float:
        """Share of tasks whose outcome changed."""
        return self.up + self.down


@dataclass(frozen=True)
class McNemar:
    """The exact McNemar test of two conditions (McNemar 1947).

    Attributes:
        gained: Tasks solved only under the second condition.
        lost: Tasks solved only under the first.
        p: Two-sided p-value, from the binomial distribution of the tasks that differ.
    """

    gained: int
    lost: int
    p: float


@dataclass(frozen=True)
class Interval:
    """A difference of means and its interval."""

    delta: float
    low: float
    high: float


def success_rate(outcomes: Outcomes) -> float:
    """Mean over tasks and repeats; 0 without any."""
    values = np.asarray(outcomes, np.float64)
    return float(values.mean()) if values.size else 0.0


def run_spread(outcomes: Outcomes) -> float:
    """Standard deviation, over repeats, of the success rate of each repeat; shape (tasks, repeats).

    Of the repeats as a sample (n - 1); 0 for a single repeat.
    """
    rates = np.asarray(outcomes, np.float64).mean(axis=0)
    return float(rates.std(ddof=1)) if len(rates) > 1 else 0.0


def factor_range(rates: Mapping[str, float]) -> float:
    """Greatest minus least success rate over all conditions of a factor."""
    return max(rates.values()) - min(rates.values())


def max_drop(rates: Mapping[str, float], base: str) -> float:
    """Success rate of the base condition minus the least of all."""
    return rates[base] - min(rates.values())


def relative_drop(rates: Mapping[str, float], base: str) -> float:
    """`max_drop` as a share of the base's success rate; 0 if that is 0."""
    return max_drop(rates, base) / rates[base] if rates[base] else 0.0


def is_evidence(range_of_factor: float, spread: float) -> bool:
    """Whether the range of a factor is at least twice the run spread: below that it shows nothing."""
    return range_of_factor >= 2 * spread


def flips(base: Outcomes, changed: Outcomes) -> Flips:
    """Shares of tasks whose outcome differs from the base's; each of shape (tasks,)."""
    moved = np.sign(np.asarray(changed, np.float64) - np.asarray(base, np.float64))
    return Flips(float((moved > 0).mean()), float((moved < 0).mean())) if moved.size else Flips(0.0, 0.0)


def all_conditions(outcomes: Outcomes) -> float:
    """Share of tasks solved under every condition; shape (tasks, conditions)."""
    return float((np.asarray(outcomes) == 1).all(axis=1).mean())


def any_condition(outcomes: Outcomes) -> float:
    """Share of tasks solved under at least one condition; shape (tasks, conditions)."""
    return float((np.asarray(outcomes) == 1).any(axis=1).mean())


def pass_hat_k(successes: Sequence[int], trials: int, k: int) -> float:
    """pass^k: the chance that k trials of a task, drawn without replacement, all succeed; mean over tasks.

    Args:
        successes: Number of successful trials of each task.
        trials: Number of trials of every task.
        k: From 1 to `trials`.
    """
    return sum(comb(good, k) / comb(trials, k) for good in successes) / len(successes) if successes else 0.0


def trajectory_consistency(paths: Sequence[Sequence[str]]) -> float:
    """Mean over all pairs of paths of their longest common subsequence over the length of the longer; 1 for one path.

    Two empty paths are alike.
    """
    pairs = list(combinations(paths, 2))
    alike = [lcs_length(a, b) / max(len(a), len(b)) if a or b else 1.0 for a, b in pairs]
    return sum(alike) / len(alike) if alike else 1.0


def first_position_bias(first_calls: Sequence[str | None], offered: Sequence[Sequence[str]]) -> float:
    """Share of first calls that hit the tool listed first, minus the share expected if order had no influence.

    Args:
        first_calls: Name of the first call of each run, or None; runs without a call are left out.
        offered: The tools of each run, in the order they were listed.
    """
    made = [(name, tools) for name, tools in zip(first_calls, offered, strict=True) if name is not None and tools]
    if not made:
        return 0.0
    return sum((name == tools[0]) - 1 / len(tools) for name, tools in made) / len(made)


def mcnemar(first: Outcomes, second: Outcomes) -> McNemar:
    """Test whether two conditions solve tasks equally often; solved or not, each of shape (tasks,)."""
    from scipy.special import bdtr

    before, after = np.asarray(first) == 1, np.asarray(second) == 1
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    p = min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5))) if gained + lost else 1.0
    return McNemar(gained, lost, p)


def paired_bootstrap(
    first: Outcomes, second: Outcomes, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Percentile interval of the mean of second minus first, tasks drawn with replacement (Efron and Tibshirani 1993).

    `comparison.significance` does the same for runs of several tasks, and tests; it stands above the metrics.
    """
    delta = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(delta), (draws, len(delta)))
    tail = (1 - level) / 2
    low, high = np.quantile(delta[drawn].mean(axis=1), [tail, 1 - tail])
    return Interval(float(delta.mean()), float(low), float(high))
