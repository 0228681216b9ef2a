"""Paired analysis of variance: samples are blocks, and every sample was seen under every level.

Sources: Fisher 1935, *The Design of Experiments*, for blocks and the permutation test within them; Maxwell and Delaney
2004, *Designing Experiments and Analyzing Data*, chapters 11 and 12, for repeated measures with one and two factors;
Greenhouse and Geisser 1959 (Psychometrika 24) for epsilon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolbench_eval.metrics.segments import Floats

CELLS = 2**22
"""Values that permutations hold at once."""


@dataclass(frozen=True)
class Anova:
    """A table of variance, and its tests.

    Attributes:
        ss_factor: Sum of squares of the levels.
        ss_block: That of the samples.
        ss_error: What is left: how differently the samples take the levels.
        df_factor: Degrees of freedom of the levels.
        df_error: Those of the error.
        f: Mean square of the levels over that of the error; None where the error is 0 or has no degree of freedom.
        p_f: p-value of F.
        epsilon: Greenhouse and Geisser's, 1 where differences between levels vary alike, None where they do not vary.
        p_gg: p-value of F with both degrees of freedom times epsilon.
        eta2: Share of the levels in what is not the samples' (partial eta squared), None where that is nothing.
        p_permutation: p-value by permuting the levels within each sample; None where that was not done.
    """

    ss_factor: float
    ss_block: float
    ss_error: float
    df_factor: int
    df_error: int
    f: float | None
    p_f: float | None
    epsilon: float | None
    p_gg: float | None
    eta2: float | None
    p_permutation: float | None = None


def blocked(values: Floats, draws: int, seed: int = 0) -> Anova:
    """The variance of one factor.

    Args:
        values: Outcomes, shape (samples, levels); repeats are averaged before.
        draws: Permutations.
        seed: Their seed.
    """
    samples, levels = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    ss_block = levels * float(((values.mean(axis=1) - values.mean()) ** 2).sum())
    return _table(centred, levels - 1, ss_block, permutation(values, draws, seed) if samples and levels > 1 else None)


def interaction(values: Floats) -> Anova:
    """The variance of two factors together, beyond that of each; outcomes of shape (samples, levels, levels)."""
    _, first, second = values.shape
    centred = (
        values
        - values.mean(axis=1, keepdims=True)
        - values.mean(axis=2, keepdims=True)
        + values.mean(axis=(1, 2), keepdims=True)
    )
    ss_block = first * second * float(((values.mean(axis=(1, 2)) - values.mean()) ** 2).sum())
    return _table(centred.reshape(len(values), -1), (first - 1) * (second - 1), ss_block, None)


def permutation(values: Floats, draws: int, seed: int = 0) -> float:
    """p-value of the levels' sum of squares when the levels of each sample are permuted; shape (samples, levels).

    (1 + hits) / (1 + draws) is never 0 and keeps the level (Phipson and Smyth 2010).
    """
    rng = np.random.default_rng(seed)
    centred = values - values.mean(axis=1, keepdims=True)
    found = float((centred.mean(axis=0) ** 2).sum())
    hits, left = 0, draws
    while left:
        now = min(left, max(1, CELLS // max(1, values.size)))
        drawn = rng.permuted(np.broadcast_to(centred, (now, *values.shape)), axis=2)
        hits += int(((drawn.mean(axis=1) ** 2).sum(axis=1) >= found * (1 - 1e-9) - 1e-15).sum())
        left -= now
    return (1 + hits) / (1 + draws)


def _table(centred: Floats, df_factor: int, ss_block: float, p_permutation: float | None) -> Anova:
    """The table of effects within samples.

    Args:
        centred: What each sample has beyond its own mean (and its own main effects), shape (samples, cells).
        df_factor: Degrees of freedom of the effect.
        ss_block: Sum of squares of the samples.
        p_permutation: What the permutations say.
    """
    from scipy.special import fdtrc

    samples = len(centred)
    effect = centred.mean(axis=0)
    ss_factor = samples * float((effect**2).sum())
    ss_error = float(((centred - effect) ** 2).sum())
    tiny = 1e-12 * max(1.0, ss_factor + ss_error)  # what rounding leaves of nothing
    ss_factor, ss_error = (0.0 if ss < tiny else ss for ss in (ss_factor, ss_error))
    df_error = df_factor * (samples - 1)
    f = p_f = p_gg = None
    epsilon = _epsilon(centred - effect, df_factor) if ss_error else None
    if ss_error and df_error:
        f = (ss_factor / df_factor) / (ss_error / df_error)
        p_f = float(fdtrc(df_factor, df_error, f))
        p_gg = None if epsilon is None else float(fdtrc(epsilon * df_factor, epsilon * df_error, f))
    eta2 = ss_factor / (ss_factor + ss_error) if ss_factor + ss_error else None
    return Anova(ss_factor, ss_block, ss_error, df_factor, df_error, f, p_f, epsilon, p_gg, eta2, p_permutation)


def _epsilon(residuals: Floats, df_factor: int) -> float | None:
    """tr(S)^2 / (df tr(S^2)) of the covariance S of the cells, from 1/df to 1."""
    covariance = residuals.T @ residuals
    squared = float((covariance**2).sum())
    return float(np.trace(covariance)) ** 2 / (df_factor * squared) if squared else None
