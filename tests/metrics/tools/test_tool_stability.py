"""Stability: scripted outcomes with known properties, and independent oracles."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import sqrt

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest

from toolbench_eval.comparison.significance import Method, Paired, compare_pairs
from toolbench_eval.metrics.tools.stability import (
    Flips,
    McNemar,
    all_conditions,
    any_condition,
    factor_range,
    first_position_bias,
    flips,
    is_evidence,
    max_drop,
    mcnemar,
    paired_bootstrap,
    pass_hat_k,
    relative_drop,
    run_spread,
    success_rate,
    trajectory_consistency,
)

RATES = {"base": 0.6, "shuffled": 0.45, "reversed": 0.7}


def test_ranges_and_drops() -> None:
    assert factor_range(RATES) == pytest.approx(0.25)
    assert max_drop(RATES, "base") == pytest.approx(0.15)
    assert relative_drop(RATES, "base") == pytest.approx(0.25)
    assert relative_drop({"base": 0.0, "other": 0.0}, "base") == 0
    assert is_evidence(0.25, 0.1) and not is_evidence(0.25, 0.13)


def test_spread_over_repeats() -> None:
    outcomes = [[1, 1, 0], [1, 0, 0]]  # rates 1, 0.5, 0
    assert success_rate(outcomes) == 0.5
    assert run_spread(outcomes) == pytest.approx(0.5)
    assert run_spread([[1], [0]]) == 0
    assert success_rate([]) == 0


def test_a_coin_spreads_as_the_binomial_does() -> None:
    outcomes = np.random.default_rng(0).random((200, 400)) < 0.3
    assert run_spread(outcomes) == pytest.approx(sqrt(0.3 * 0.7 / 200), rel=0.1)


def test_flips_are_told_apart() -> None:
    assert flips([0, 1, 1, 0.5], [1, 0, 1, 1]) == Flips(0.5, 0.25)
    assert flips([0, 1, 1, 0.5], [1, 0, 1, 1]).rate == 0.75
    assert flips([], []).rate == 0


def test_all_and_any_conditions() -> None:
    outcomes = [[1, 1], [1, 0], [0, 0], [0.5, 1]]
    assert (all_conditions(outcomes), any_condition(outcomes)) == (0.25, 0.75)


def test_pass_hat_k_by_hand() -> None:
    assert pass_hat_k([4, 2, 0], 4, 1) == pytest.approx(0.5)
    assert pass_hat_k([4, 2, 0], 4, 2) == pytest.approx((1 + 1 / 6) / 3)
    assert pass_hat_k([4, 3], 4, 4) == 0.5
    assert pass_hat_k([], 4, 1) == 0


@given(arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 5))))
def test_pass_hat_k_is_a_mean_over_all_draws(outcomes: npt.NDArray[np.bool_]) -> None:
    trials = outcomes.shape[1]
    found = [pass_hat_k(outcomes.sum(axis=1).tolist(), trials, k) for k in range(1, trials + 1)]
    by_search = [
        np.mean([row[list(c)].all() for row in outcomes for c in combinations(range(trials), k)])
        for k in range(1, trials + 1)
    ]
    assert found == pytest.approx(by_search)
    assert found[0] == pytest.approx(success_rate(outcomes))
    assert all(a >= b - 1e-12 for a, b in pairwise(found))


@given(arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 4))))
def test_invariants_over_conditions(outcomes: npt.NDArray[np.bool_]) -> None:
    rates = {str(at): float(rate) for at, rate in enumerate(outcomes.mean(axis=0))}
    assert all(all_conditions(outcomes) <= rate <= any_condition(outcomes) for rate in rates.values())
    assert max_drop(rates, "0") <= factor_range(rates) + 1e-12
    for at in range(outcomes.shape[1]):
        found = flips(outcomes[:, 0], outcomes[:, at])
        assert found.rate >= abs(rates[str(at)] - rates["0"]) - 1e-12
        assert found.up - found.down == pytest.approx(rates[str(at)] - rates["0"])


def test_consistency_of_trajectories() -> None:
    assert trajectory_consistency([["a", "b"], ["a", "b"]]) == 1
    assert trajectory_consistency([["a", "b"], ["b", "a"], ["a", "b", "c", "d"]]) == pytest.approx(
        (1 / 2 + 1 / 2 + 1 / 4) / 3
    )
    assert trajectory_consistency([[], []]) == trajectory_consistency([["a"]]) == 1
    assert trajectory_consistency([[], ["a"]]) == 0


def test_a_policy_that_takes_the_first_tool_is_biased_and_an_oracle_is_not() -> None:
    orders = [["a", "b", "c", "d"], ["b", "c", "d", "a"], ["c", "d", "a", "b"], ["d", "a", "b", "c"]]
    assert first_position_bias([order[0] for order in orders], orders) == pytest.approx(0.75)
    assert first_position_bias(["a"] * 4, orders) == pytest.approx(0)
    assert first_position_bias([None, "x"], [["a"], ["a", "b"]]) == pytest.approx(-0.5)
    assert first_position_bias([None], [["a"]]) == 0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_mcnemar_is_a_binomial_test_of_the_tasks_that_differ(pairs: list[tuple[bool, bool]]) -> None:
    found = mcnemar([one for one, _ in pairs], [other for _, other in pairs])
    gained, lost = pairs.count((False, True)), pairs.count((True, False))
    p = binomtest(gained, gained + lost).pvalue if gained + lost else 1
    assert found == McNemar(gained, lost, pytest.approx(p))


def test_the_bootstrap_interval_is_that_of_the_comparison_of_runs() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random(80) < 0.4, rng.random(80) < 0.6
    found = paired_bootstrap(first, second, draws=4000)
    paired = Paired(np.stack([second, first]).astype(float), np.array([80]))
    method = Method(test="bootstrap", draws=4000, seed=5)
    other = compare_pairs(paired, np.ones((1, 1)), np.array([[0, 1]]), method)
    assert found.delta == pytest.approx(second.mean() - first.mean())
    assert (found.low, found.high) == pytest.approx((other.low[0, 0], other.high[0, 0]), abs=0.02)
    assert paired_bootstrap(first, second) == paired_bootstrap(first, second)
    same = paired_bootstrap(first, first)
    assert (same.delta, same.low, same.high) == (0, 0, 0)
