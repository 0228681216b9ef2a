"""Paired tests against scipy, exact enumeration and hand computation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from toolbench_eval.comparison.significance import (
    Method,
    Paired,
    all_pairs,
    compare_pairs,
    differences,
    holm,
)

WHOLE = np.ones((1, 1))
FIRST = np.array([[0, 1]])


def two(first: object, second: object) -> Paired:
    values = np.array([first, second], dtype=np.float64)
    return Paired(values, np.array([values.shape[1]]))


def scores(n: int, systems: int = 2, seed: int = 0) -> np.ndarray:
    """Correlated scores in [0, 1], many of them equal, as those of measures are."""
    rng = np.random.default_rng(seed)
    raw = rng.beta(0.6, 0.8, (1, n)) + rng.normal(0, 0.2, (systems, n))
    return np.round(np.clip(raw, 0, 1) * 8) / 8


def exact_p(delta: np.ndarray, side: str = "both") -> float:
    """All 2^n sign flips."""
    sums = np.array([signs @ delta for signs in map(np.array, product((1, -1), repeat=len(delta)))])
    if side == "lower":
        return float(np.mean(sums <= delta.sum() + 1e-12))
    return float(np.mean(np.abs(sums) >= abs(delta.sum()) - 1e-12))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("side", ["both", "lower"])
def test_sign_flips_come_to_the_exact_p_value(seed: int, side: str) -> None:
    paired = Paired(scores(11, seed=seed), np.array([11]))
    exact = exact_p(paired.values[0] - paired.values[1], side)
    found = compare_pairs(paired, WHOLE, FIRST, Method(draws=40_000, side=side)).p[0, 0]
    assert found == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 40_000) + 1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_sign_flips_agree_with_scipy(seed: int) -> None:
    values = scores(60, seed=seed + 10)
    reference = stats.permutation_test(
        (values[0], values[1]),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        vectorized=True,
        rng=np.random.default_rng(1),
    )
    found = compare_pairs(Paired(values, np.array([60])), WHOLE, FIRST, Method(draws=20_000))
    assert found.p[0, 0] == pytest.approx(reference.pvalue, abs=0.02)


def test_a_macro_average_flips_each_query_with_its_weight() -> None:
    """Three tasks of 2, 3 and 4 queries, all 2^9 flips of the weighted differences."""
    values, sizes = scores(9, seed=5), np.array([2, 3, 4])
    weights = np.array([[1 / 4, 1 / 4, 1 / 2]])  # a category of two tasks, and one of one
    per_query = np.repeat(weights[0] / sizes, sizes)
    exact = exact_p((values[0] - values[1]) * per_query)
    found = compare_pairs(Paired(values, sizes), weights, FIRST, Method(draws=40_000))
    assert found.p[0, 0] == pytest.approx(exact, abs=0.011)
    pooled = exact_p(values[0] - values[1])
    assert abs(exact - pooled) > 0.03  # so that the test can tell the two apart


def test_t_agrees_with_scipy() -> None:
    values = scores(200, systems=4)
    paired, pairs = Paired(values, np.array([200])), all_pairs(4)
    found, both = differences(paired, WHOLE, pairs), compare_pairs(paired, WHOLE, pairs, Method("t", level=0.9))
    lower = compare_pairs(paired, WHOLE, pairs, Method("t", side="lower"))
    for at, (first, second) in enumerate(pairs):
        reference = stats.ttest_rel(values[first], values[second])
        interval = reference.confidence_interval(0.9)
        delta = values[first] - values[second]
        assert both.p[0, at] == pytest.approx(reference.pvalue)
        assert (both.low[0, at], both.high[0, at]) == pytest.approx((interval.low, interval.high))
        assert lower.p[0, at] == pytest.approx(
            stats.ttest_rel(values[first], values[second], alternative="less").pvalue
        )
        assert found.freedom[0, at] == pytest.approx(199)
        assert found.effect[0, at] == pytest.approx(delta.mean() / delta.std(ddof=1))


def test_the_error_of_a_macro_average_is_that_of_a_stratified_mean() -> None:
    """By hand: task deltas (0, .2, .4) and (.1, .3); w = 1/2 each."""
    paired = Paired(np.array([[0, 0.2, 0.4, 0.1, 0.3], [0.0] * 5]), np.array([3, 2]))
    found = differences(paired, np.array([[0.5, 0.5]]), FIRST)
    parts = np.array([0.25 * 0.04 / 3, 0.25 * 0.02 / 2])
    assert found.delta[0, 0] == pytest.approx(0.2)
    assert found.error[0, 0] == pytest.approx(np.sqrt(parts.sum()))
    assert found.freedom[0, 0] == pytest.approx(parts.sum() ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 1))
    spread = (0.5 * (0.08 / 3) + 0.5 * 0.01) / (1 - 3 / 36 - 2 / 16)
    assert found.effect[0, 0] == pytest.approx(0.2 / np.sqrt(spread))


def test_two_tasks_have_the_degrees_of_freedom_of_welch() -> None:
    """The difference of two independent means, with weights 1 and -1 brought to 1/2 and 1/2 by a sign."""
    x, y = scores(30, seed=1)[0], scores(50, seed=2)[0]
    paired = Paired(np.stack([np.concatenate([x, -y]), np.zeros(80)]), np.array([30, 50]))
    found = compare_pairs(paired, np.array([[0.5, 0.5]]), FIRST, Method("t"))
    assert found.p[0, 0] == pytest.approx(stats.ttest_ind(x, y, equal_var=False).pvalue)


def test_bootstrap_intervals_agree_with_scipy() -> None:
    values = scores(150, seed=3)
    reference = stats.bootstrap(
        (values[0] - values[1],), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    found = compare_pairs(Paired(values, np.array([150])), WHOLE, FIRST, Method("bootstrap", draws=20_000))
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((reference.low, reference.high), abs=0.002)


def test_the_bootstrap_of_a_macro_average_draws_within_tasks() -> None:
    """Tasks without any spread inside: nothing varies, although the tasks differ."""
    paired = Paired(np.array([[0.1] * 4 + [0.9] * 4, [0.0] * 4 + [0.2] * 4]), np.array([4, 4]))
    found = compare_pairs(paired, np.array([[0.5, 0.5]]), FIRST, Method("bootstrap", draws=500))
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((0.4, 0.4))
    assert found.p[0, 0] == pytest.approx(1 / 501)


@pytest.mark.parametrize("test", ["permutation", "t", "bootstrap"])
@pytest.mark.parametrize("side", ["both", "lower"])
def test_identical_systems_have_p_1(test: str, side: str) -> None:
    values = scores(40)[0]
    found = compare_pairs(two(values, values), WHOLE, FIRST, Method(test, draws=500, side=side))
    assert (found.p[0, 0], found.low[0, 0], found.high[0, 0]) == (1, 0, 0)


def test_ties_between_flips_count_whatever_the_rounding() -> None:
    """Every flip of (0.1, 0.2, -0.3) + (0.1, 0.2) comes in exact pairs that floats tell apart."""
    paired = two([0.1, 0.2, 0.0, 0.1, 0.2], [0.0, 0.0, 0.3, 0.0, 0.0])
    found = compare_pairs(paired, WHOLE, FIRST, Method(draws=50_000))
    assert found.p[0, 0] == pytest.approx(exact_p(paired.values[0] - paired.values[1]), abs=0.01)


def test_draws_are_those_of_the_seed() -> None:
    paired = Paired(scores(300, systems=3), np.array([100, 200]))
    weights = np.array([[0.5, 0.5], [1.0, 0.0]])
    for test in ("permutation", "bootstrap"):
        first, again, other = (
            compare_pairs(paired, weights, all_pairs(3), Method(test, 1000, seed)) for seed in (7, 7, 8)
        )
        assert np.array_equal(first.p, again.p)
        assert np.array_equal(first.low, again.low)
        assert not np.array_equal(first.p, other.p)


def test_a_task_with_one_query_is_no_certainty() -> None:
    """Its square stands for its variance: t is 1 with one degree of freedom, p = 1/2."""
    found = compare_pairs(two([0.7], [0.2]), WHOLE, FIRST, Method("t"))
    assert found.p[0, 0] == pytest.approx(0.5)
    assert found.low[0, 0] < 0 < found.high[0, 0]
    assert np.isnan(differences(two([0.7], [0.2]), WHOLE, FIRST).effect[0, 0])


def test_a_constant_gain_has_no_effect_size_and_no_spread() -> None:
    paired = two([0.3, 0.5, 0.7], [0.2, 0.4, 0.6])
    found = differences(paired, WHOLE, FIRST)
    assert found.delta[0, 0] == pytest.approx(0.1)
    assert np.isnan(found.effect[0, 0])


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.6])).tolist() == [1, 1]
    assert holm(np.array([0.2])).tolist() == [0.2]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_rejects_what_the_step_down_procedure_rejects(p: list[float]) -> None:
    adjusted = holm(np.array(p))
    order = np.argsort(p, kind="stable")
    rejected = set()
    for step, at in enumerate(order):
        if p[at] * (len(p) - step) > 0.05:
            break
        rejected.add(int(at))
    assert {at for at in range(len(p)) if adjusted[at] <= 0.05} == rejected
    assert (adjusted >= np.array(p)).all()


@given(st.integers(0, 2**32), st.integers(2, 4))
def test_pairs_are_tested_alike_in_whatever_company(seed: int, systems: int) -> None:
    """Adding systems changes no p-value, and swapping two only the sign of the difference."""
    values = scores(25, systems=systems, seed=seed)
    method = Method(draws=300)
    sizes, weights = np.array([10, 15]), np.array([[0.5, 0.5]])
    alone = compare_pairs(Paired(values[:2], sizes), weights, FIRST, method)
    among = compare_pairs(Paired(values, sizes), weights, all_pairs(systems), method)
    swapped = compare_pairs(Paired(values[:2][::-1], sizes), weights, FIRST, method)
    assert alone.p[0, 0] == among.p[0, 0] == swapped.p[0, 0]
    assert swapped.low[0, 0] == pytest.approx(-alone.high[0, 0])


def test_p_values_of_no_difference_are_uniform_or_above() -> None:
    """2,000 pairs drawn under the null: at most alpha of them, within Monte Carlo error, come below alpha."""
    rng = np.random.default_rng(11)
    values = np.concatenate([np.zeros((1, 80)), rng.choice([-0.5, -0.1, 0, 0, 0.1, 0.5], (2000, 80))])
    pairs = np.stack([np.arange(1, 2001), np.zeros(2000, dtype=np.int64)], axis=1)
    for test in ("permutation", "t"):
        p = compare_pairs(Paired(values, np.array([30, 50])), np.array([[0.5, 0.5]]), pairs, Method(test, 2000)).p[0]
        for alpha in (0.01, 0.05, 0.2):
            assert (p <= alpha).mean() <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / 2000)
            assert (p <= alpha).mean() >= alpha / 2
