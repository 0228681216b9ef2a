"""The rule of the gate: by hand, and over seeded simulations."""

from __future__ import annotations

import numpy as np
import pytest

from toolbench_eval.comparison.gate import Evidence, Rule, Verdict, detectable, judge
from toolbench_eval.comparison.significance import Method, Paired, compare_pairs, differences
from toolbench_eval.errors import UsageError

QUERIES, SD = 500, 0.25


def evidence(delta: float, p: float, reach: float = 0.01) -> Evidence:
    return Evidence(delta=delta, error=reach / 1.645, low=delta - reach, high=delta + reach, p=p)


@pytest.mark.parametrize(
    ("rule", "delta", "p", "expected"),
    [
        (Rule(), -0.03, 0.04, Verdict.FAILED),
        (Rule(), -0.03, 0.05, Verdict.FAILED),
        (Rule(), -0.03, 0.0501, Verdict.INCONCLUSIVE),
        (Rule(), 0.0, 0.001, Verdict.PASSED),
        (Rule(), 0.03, 0.99, Verdict.PASSED),
        (Rule(max_drop=0.03), -0.03, 0.0001, Verdict.PASSED),
        (Rule(max_drop=0.05), 0.55 - 0.6, 0.0001, Verdict.PASSED),
        (Rule(max_drop=0.02), -0.03, 0.0001, Verdict.FAILED),
        (Rule(max_drop=0.02), -0.03, 0.2, Verdict.INCONCLUSIVE),
        (Rule(alpha=0.01), -0.03, 0.04, Verdict.INCONCLUSIVE),
    ],
)
def test_a_drop_fails_if_it_is_significant_and_too_large(rule: Rule, delta: float, p: float, expected: Verdict) -> None:
    verdict, stops, _ = judge(rule, evidence(delta, p))
    assert (verdict, stops) == (expected, expected is Verdict.FAILED)


@pytest.mark.parametrize(
    ("rule", "delta", "expected"),
    [
        (Rule(non_inferiority=0.02), 0.0, Verdict.PASSED),
        (Rule(non_inferiority=0.02), -0.009, Verdict.PASSED),
        (Rule(non_inferiority=0.02), -0.011, Verdict.INCONCLUSIVE),
        (Rule(non_inferiority=0.02), -0.031, Verdict.FAILED),
        (Rule(non_inferiority=0.005), 0.0, Verdict.INCONCLUSIVE),
        (Rule(non_inferiority=0.02, max_drop=0.0), -0.009, Verdict.FAILED),
        (Rule(non_inferiority=0.02, max_drop=0.01), -0.009, Verdict.PASSED),
    ],
)
def test_non_inferiority_has_to_be_shown(rule: Rule, delta: float, expected: Verdict) -> None:
    """p is small: alone, the reading does not ask for it."""
    verdict, stops, _ = judge(rule, evidence(delta, 0.001))
    assert (verdict, stops) == (expected, expected is not Verdict.PASSED)


def test_reasons_are_short_and_have_the_numbers() -> None:
    assert judge(Rule(), evidence(-0.03, 0.012))[2] == "a drop of 0.0300; p 0.0120"
    assert (
        judge(Rule(max_drop=0.01), evidence(-0.03, 0.012))[2]
        == "a drop of 0.0300, more than the 0.01 allowed; p 0.0120"
    )
    assert judge(Rule(), evidence(-0.03, 0.2))[2] == "lower by 0.0300, which may be noise; p 0.2000"
    assert judge(Rule(), evidence(0.0, 1.0))[2] == "unchanged"
    assert judge(Rule(non_inferiority=0.01), evidence(-0.005, 1.0))[2] == (
        "a drop of 0.01 is not excluded (changed by -0.0050, at worst -0.0150)"
    )


@pytest.mark.parametrize("limits", [{"max_drop": -0.1}, {"max_drop": float("nan")}, {"non_inferiority": 0.0}])
def test_limits_that_make_no_sense(limits: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be a number"):
        Rule(**limits)


def simulated(drop: float, simulations: int, seed: int, shape: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One-sided p-values, lower bounds and differences of candidates that are worse than the baseline by `drop`.

    `normal` differences; or `sparse` ones, as of rankings: most queries unchanged, some far up or down.
    """
    rng = np.random.default_rng(seed)
    if shape == "normal":
        delta = rng.normal(0, SD, (simulations, QUERIES))
    else:
        delta = rng.choice([-0.5, 0, 0, 0, 0, 0, 0, 0.5], (simulations, QUERIES))
    values = np.concatenate([delta - drop, np.zeros((1, QUERIES))])
    pairs = np.stack([np.arange(simulations), np.full(simulations, simulations)], axis=1)
    paired, weights = Paired(values, np.array([200, 300])), np.array([[0.4, 0.6]])
    outcome = compare_pairs(paired, weights, pairs, Method(draws=2000, seed=seed, side="lower", level=0.9))
    return outcome.p[0], outcome.low[0], differences(paired, weights, pairs).delta[0]


def failed(rule: Rule, drop: float, simulations: int, seed: int, shape: str = "normal") -> float:
    """Share of simulations that the rule fails."""
    cases = zip(*simulated(drop, simulations, seed, shape), strict=True)
    return float(np.mean([judge(rule, Evidence(d, 0.011, low, 2 * d - low, p))[1] for p, low, d in cases]))


@pytest.mark.parametrize("shape", ["normal", "sparse"])
def test_false_alarms_stay_at_alpha(shape: str) -> None:
    assert np.std(np.random.default_rng(0).choice([-0.5, 0, 0, 0, 0, 0, 0, 0.5], 10_000)) == pytest.approx(SD, abs=0.01)
    for alpha in (0.01, 0.05):
        share = failed(Rule(alpha=alpha), 0.0, 2000, seed=3, shape=shape)
        assert share <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / 2000)
        assert share >= alpha / 4  # and the gate is not deaf; many flips tie where differences are few and equal


@pytest.mark.parametrize("shape", ["normal", "sparse"])
def test_a_drop_of_four_points_is_found(shape: str) -> None:
    assert failed(Rule(), 0.04, 1000, seed=4, shape=shape) >= 0.95


def test_non_inferiority_is_wrongly_granted_at_most_alpha_often() -> None:
    """The true drop is the margin itself."""
    granted = 1 - failed(Rule(non_inferiority=0.03), 0.03, 2000, seed=5)
    assert granted <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
    assert failed(Rule(non_inferiority=0.04), 0.0, 1000, seed=6) <= 0.05


@pytest.mark.parametrize("rule", [Rule(), Rule(max_drop=0.03), Rule(alpha=0.01)])
def test_the_drop_that_is_said_to_be_detectable_is_found_four_times_in_five(rule: Rule) -> None:
    drop = detectable(rule, SD / np.sqrt(QUERIES))
    assert failed(rule, drop, 1500, seed=7) == pytest.approx(0.8, abs=0.04)
