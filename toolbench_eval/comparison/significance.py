"""Paired tests on per-query scores: of a task, and of any mean of task means. Arrays only.

A *line* is one number of each system: a mean of task means with fixed weights. A query of task t then has
the weight w_t / n_t in it, so that a category_macro is tested as a category_macro. Tasks are held fixed and
queries vary, as in the interval of a headline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from toolbench_eval.metrics.segments import Floats, Ints

Test = Literal["permutation", "t", "bootstrap"]
Side = Literal["both", "lower"]

BLOCK = 256
"""Draws that are held at once: what 200 pairs make of them still fits the caches."""


@dataclass(frozen=True)
class Method:
    """How differences are tested.

    Attributes:
        test: `permutation` flips the signs of the differences of queries, `t` is the paired t-test, `bootstrap`
            draws queries with replacement within their tasks.
        draws: Number of flips or resamples.
        seed: Seed of the draws.
        side: `both`, or `lower`: whether the first of a pair is worse.
        level: Coverage of the (two-sided) intervals.
    """

    test: Test = "permutation"
    draws: int = 10_000
    seed: int = 0
    side: Side = "both"
    level: float = 0.95


@dataclass(frozen=True, eq=False)
class Paired:
    """Scores of systems for the same queries.

    Attributes:
        values: float64, shape (systems, queries), the queries of a task side by side.
        sizes: Number of queries of each task, all at least 1.
    """

    values: Floats
    sizes: Ints

    @cached_property
    def bounds(self) -> Ints:
        """Where the tasks begin, and the end."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    @cached_property
    def means(self) -> Floats:
        """Mean of each system in each task, shape (systems, tasks)."""
        return np.add.reduceat(self.values, self.bounds[:-1], axis=1) / self.sizes

    def tasks(self) -> Iterator[slice]:
        """The columns of each task."""
        return (slice(begin, end) for begin, end in zip(self.bounds[:-1], self.bounds[1:], strict=True))


@dataclass(frozen=True, eq=False)
class Differences:
    """What the pairs differ by, first minus second.

    Attributes:
        delta: Shape (lines, pairs).
        error: Standard error of `delta`.
        freedom: Its degrees of freedom (Welch 1947, Satterthwaite 1946); n - 1 for a single task.
        effect: `delta` in standard deviations of the queries' differences (Cohen's d_z, unbiased variance, each
            query with its weight in the line); NaN where they do not vary.
    """

    delta: Floats
    error: Floats
    freedom: Floats
    effect: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """Result of a test, each of shape (lines, pairs).

    Attributes:
        p: p-values, not corrected.
        low: Lower ends of the intervals of the differences.
        high: Upper ends. Those of `permutation` are those of `t`; those of `bootstrap` are percentiles.
    """

    p: Floats
    low: Floats
    high: Floats


def all_pairs(systems: int) -> Ints:
    """Every pair once, the earlier system first, shape (pairs, 2)."""
    return np.stack(np.triu_indices(systems, k=1), axis=1)


def differences(paired: Paired, weights: Floats, pairs: Ints) -> Differences:
    """Differences between systems, and how sure they are.

    Args:
        paired: The scores.
        weights: Weight of each task in each line, shape (lines, tasks); the weights of a line sum to 1.
        pairs: Positions of systems, shape (pairs, 2).
    """
    means, variances = _moments(paired, pairs)
    delta = weights @ means.T
    shares = weights**2 / paired.sizes
    freer = np.maximum(paired.sizes - 1, 1)
    squared = shares @ variances.T
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(squared > 0, squared**2 / ((shares**2 / freer) @ (variances**2).T), np.inf)
    moment = weights @ (variances * (paired.sizes - 1) / paired.sizes + means**2).T
    spread = moment - delta**2
    spread[spread <= 1e-12 * moment] = 0  # what rounding leaves of differences that do not vary
    unbiased = spread / np.maximum(1 - shares.sum(axis=1), np.finfo(float).tiny)[:, None]
    effect = np.divide(delta, np.sqrt(unbiased), out=np.full_like(delta, np.nan), where=spread > 0)
    return Differences(delta, np.sqrt(squared), freedom, effect)


def compare_pairs(paired: Paired, weights: Floats, pairs: Ints, method: Method) -> Outcome:
    """Test whether the systems of each pair differ in each line. Arguments as `differences`."""
    found = differences(paired, weights, pairs)
    if method.test == "t":
        return t_test(found, method)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):  # many small products: threads would only wait for each other
        test = _bootstrap if method.test == "bootstrap" else _permutation
        return test(found, paired, weights, pairs, method)


def t_test(found: Differences, method: Method) -> Outcome:
    """The paired t-test, and t-intervals.

    A line of several tasks has the variance of a stratified mean. A task of a single query has no variance of its
    own; the square of its difference stands for it.
    """
    from scipy.special import stdtr, stdtrit

    identical = (found.delta == 0) & (found.error == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(identical, 0, found.delta / found.error)
    freedom = np.minimum(found.freedom, 1e9)
    p = stdtr(freedom, t) if method.side == "lower" else 2 * stdtr(freedom, -np.abs(t))
    p[identical] = 1
    reach = stdtrit(freedom, 0.5 + method.level / 2) * found.error
    return Outcome(p, found.delta - reach, found.delta + reach)


def holm(p: Floats) -> Floats:
    """Adjusted p-values of a family of tests, shape (tests,) (Holm 1979, Scandinavian Journal of Statistics 6)."""
    order = np.argsort(p, kind="stable")
    adjusted = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return np.asarray(adjusted[np.argsort(order, kind="stable")])


def _moments(paired: Paired, pairs: Ints) -> tuple[Floats, Floats]:
    """Mean and variance of the differences of each pair in each task, shapes (pairs, tasks)."""
    shape = (len(pairs), len(paired.sizes))
    means, variances = np.empty(shape), np.empty(shape)
    for at, columns in enumerate(paired.tasks()):
        values = paired.values[:, columns]
        for begin in range(0, len(pairs), BLOCK):
            some = slice(begin, begin + BLOCK)
            delta = values[pairs[some, 0]] - values[pairs[some, 1]]
            means[some, at] = delta.mean(axis=1)
            variances[some, at] = delta.var(axis=1, ddof=1) if delta.shape[1] > 1 else delta[:, 0] ** 2
    return means, variances


def _flips(paired: Paired, method: Method) -> Iterator[Floats]:
    """Task means of the systems under random signs of the queries, blocks of shape (tasks, systems, draws).

    All systems share the signs: the difference of two systems' means is then the flipped mean of their differences.
    With bits b in {0, 1} the signs are 2b - 1.
    """
    rng = np.random.default_rng(method.seed)
    width = -(-paired.values.shape[1] // 8)
    for draws in _blocks(method.draws):
        drawn = np.frombuffer(rng.bytes(draws * width), np.uint8).reshape(draws, width)
        bits = np.unpackbits(drawn, axis=1).astype(np.float64)
        yield np.stack(
            [
                (2 * (paired.values[:, columns] @ bits[:, columns].T) - paired.values[:, columns].sum(axis=1)[:, None])
                / size
                for columns, size in zip(paired.tasks(), paired.sizes, strict=True)
            ]
        )


def _resamples(paired: Paired, method: Method) -> Iterator[Floats]:
    """Task means of redrawn queries, less those of the queries as they are; blocks as of `_flips`."""
    rng = np.random.default_rng(method.seed)
    for draws in _blocks(method.draws):
        offsets = np.arange(draws)[:, None]
        centred = []
        for at, (columns, size) in enumerate(zip(paired.tasks(), paired.sizes.tolist(), strict=True)):
            drawn = rng.integers(0, size, (draws, size)) + offsets * size
            times = np.bincount(drawn.ravel(), minlength=draws * size).reshape(draws, size)
            centred.append(paired.values[:, columns] @ times.T.astype(np.float64) / size - paired.means[:, at, None])
        yield np.stack(centred)


def _blocks(draws: int) -> list[int]:
    return [min(BLOCK, draws - begin) for begin in range(0, draws, BLOCK)]


def _lines(weights: Floats, of_tasks: Floats) -> Floats:
    """From task means to lines, shape (lines, systems, draws)."""
    return np.tensordot(weights, of_tasks, axes=1)


def _share(delta: Floats, blocks: Iterable[Floats], pairs: Ints, method: Method, slack: float) -> Floats:
    """p-values: the share of draws at least as extreme as what was found, which counts as one draw.

    (1 + hits) / (1 + draws) is never 0 and keeps the level (Phipson and Smyth 2010).
    """
    hits = np.ones(delta.shape)
    extreme: Callable[..., Floats] = np.abs if method.side == "both" else np.negative
    bars = extreme(delta) - slack
    for lines in blocks:
        for at, null in enumerate(lines):
            drawn = null.take(pairs[:, 0], axis=0)
            drawn -= null.take(pairs[:, 1], axis=0)
            extreme(drawn, out=drawn)
            hits[at] += np.count_nonzero(drawn >= bars[at][:, None], axis=1)
    return hits / (method.draws + 1)


def _rounding(paired: Paired) -> float:
    """Most that rounding can move a mean of n products: draws that equal the finding but for it count as equal.

    |computed - exact| <= n u max|x| for weights that sum to 1 (Higham 2002, section 3.1); four such sums meet. So
    a p-value is never below what exact arithmetic gives for the same flips.
    """
    largest = float(np.abs(paired.values).max(initial=0))
    return float(4 * paired.values.shape[1] * np.finfo(np.float64).eps * largest)


def _permutation(found: Differences, paired: Paired, weights: Floats, pairs: Ints, method: Method) -> Outcome:
    """Sign-flip test (Fisher 1935; Smucker, Allan and Carterette 2007), with the intervals of the t-test."""
    closed = t_test(found, method)
    blocks = (_lines(weights, flipped) for flipped in _flips(paired, method))
    return Outcome(_share(found.delta, blocks, pairs, method, _rounding(paired)), closed.low, closed.high)


def _bootstrap(found: Differences, paired: Paired, weights: Floats, pairs: Ints, method: Method) -> Outcome:
    """Shifted bootstrap test and percentile intervals (Efron and Tibshirani 1993, chapters 13 and 16)."""
    lines = np.concatenate([_lines(weights, drawn) for drawn in _resamples(paired, method)], axis=2)
    p = _share(found.delta, [lines], pairs, method, _rounding(paired))
    tail = (1 - method.level) / 2
    ends: npt.NDArray[np.float64] = np.empty((2, *found.delta.shape))
    for at, null in enumerate(lines):
        ends[:, at] = np.quantile(null[pairs[:, 0]] - null[pairs[:, 1]], [tail, 1 - tail], axis=1)
    return Outcome(p, found.delta + ends[0], found.delta + ends[1])
