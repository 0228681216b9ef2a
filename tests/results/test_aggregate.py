"""Averages of a suite by hand, and the coverage of their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from toolbench_eval.results import aggregate
from toolbench_eval.results.aggregate import Naming, TaskScores, aggregates, bootstrap


def task(category: str | None, *values: float, measure: str = "AP") -> TaskScores:
    array = np.array(values)
    return TaskScores(category, {measure: float(array.mean())}, {measure: array})


SUITE = {
    "a": task("web", 1.0, 0.0),  # 0.5
    "b": task("web", 0.25),  # 0.25
    "c": task("code", 0.5, 0.5, 0.5, 0.9),  # 0.6
}


def test_averages_by_hand() -> None:
    found = aggregates(SUITE)
    assert list(found) == ["category_macro", "subset_macro", "micro", "by_category"]
    assert found["by_category"] == {"web": {"AP": 0.375}, "code": {"AP": pytest.approx(0.6)}}
    assert found["category_macro"]["AP"] == pytest.approx((0.375 + 0.6) / 2)
    assert found["subset_macro"]["AP"] == pytest.approx((0.5 + 0.25 + 0.6) / 3)
    assert found["micro"]["AP"] == pytest.approx((1.0 + 0.0 + 0.25 + 0.5 * 3 + 0.9) / 7)


def test_a_suite_has_its_own_words() -> None:
    found = aggregates(SUITE, Naming("task", "domain"))
    assert list(found) == ["domain_macro", "task_macro", "micro", "by_domain"]
    assert Naming.of(found) == Naming("task", "domain")
    assert found["domain_macro"] == aggregates(SUITE)["category_macro"]


def test_tasks_without_a_category_are_in_no_category() -> None:
    found = aggregates({**SUITE, "d": task(None, 0.0)})
    assert found["category_macro"] == aggregates(SUITE)["category_macro"]
    assert found["subset_macro"]["AP"] == pytest.approx((0.5 + 0.25 + 0.6 + 0.0) / 4)
    assert list(aggregates({"d": task(None, 0.5)})) == ["subset_macro", "micro"]
    assert Naming.of(aggregates({"d": task(None, 0.5)})) == Naming()


def geometric(*values: float) -> TaskScores:
    array = np.array(values)
    mean = math.prod(values) ** (1 / len(values))
    return TaskScores("web", {"GMAP": mean, "NumRet": float(array.sum())}, {"GMAP": array, "NumRet": array})


def test_a_measure_keeps_its_own_rule() -> None:
    found = aggregates({"a": geometric(0.4, 0.9), "b": geometric(0.3)})
    assert found["subset_macro"]["GMAP"] == pytest.approx((0.6 + 0.3) / 2)
    assert found["micro"]["GMAP"] == pytest.approx((0.4 * 0.9 * 0.3) ** (1 / 3))
    assert found["subset_macro"]["NumRet"] == pytest.approx((1.3 + 0.3) / 2)
    assert found["micro"]["NumRet"] == pytest.approx(1.6)


@pytest.mark.parametrize("aggregate", ["subset_macro", "micro", "category_macro"])
@pytest.mark.parametrize("measure", ["GMAP", "NumRet"])
def test_the_interval_of_a_measure_with_its_own_rule_is_about_its_value(measure: str, aggregate: str) -> None:
    rng = np.random.default_rng(3)
    tasks = {name: geometric(*rng.uniform(0.2, 0.9, 40)) for name in "ab"}
    low, high = bootstrap(tasks, measure, aggregate, 0)
    value = aggregates(tasks)[aggregate][measure]
    assert low < value < high
    assert high - low < 0.3 * value


def test_equal_values_have_an_interval_without_width() -> None:
    tasks = {"a": task("web", 0.5, 0.5), "b": task("code", 0.25)}
    assert bootstrap(tasks, "AP", "subset_macro", 0) == (0.375, 0.375)


@pytest.mark.parametrize("aggregate", ["category_macro", "subset_macro", "micro"])
def test_an_interval_depends_on_the_seed_and_on_nothing_else(aggregate: str) -> None:
    rng = np.random.default_rng(5)
    tasks = {name: task("web", *rng.uniform(size=30)) for name in "abc"}
    assert bootstrap(tasks, "AP", aggregate, 1) == bootstrap(dict(tasks), "AP", aggregate, 1)
    assert bootstrap(tasks, "AP", aggregate, 1) != bootstrap(tasks, "AP", aggregate, 2)


def test_the_category_interval_ignores_tasks_without_a_category() -> None:
    plain, more = (bootstrap(tasks, "AP", "category_macro", 1) for tasks in (SUITE, {**SUITE, "z": task(None, 9.0)}))
    assert plain == more


def test_percentiles_by_brute_force() -> None:
    """The exact distribution of the mean of two draws from {0, 1}: 0, 1/2, 1 with 1/4, 1/2, 1/4."""
    assert bootstrap({"a": task(None, 0.0, 1.0)}, "AP", "micro", 0) == (0.0, 1.0)
    low, high = bootstrap({"a": task(None, *([0.0] * 500), *([1.0] * 500))}, "AP", "micro", 0, samples=4000)
    spread = 1.96 * math.sqrt(0.25 / 1000)
    assert low == pytest.approx(0.5 - spread, abs=0.004)
    assert high == pytest.approx(0.5 + spread, abs=0.004)


@pytest.mark.parametrize(
    ("aggregate", "weights"),
    [("category_macro", (0.25, 0.25, 0.5)), ("subset_macro", (1 / 3, 1 / 3, 1 / 3)), ("micro", (0.3, 0.2, 0.5))],
)
def test_intervals_cover_what_they_say(aggregate: str, weights: tuple[float, ...]) -> None:
    """Of 400 samples from known distributions about 95 % must have the true value in their interval.

    With n = 60, 40 and 100 queries the percentile bootstrap covers slightly less than it says; the
    bounds are the nominal level with 4 standard errors (1.1 points each) and 1 point for that.
    """
    rng = np.random.default_rng(7)
    shapes = {"a": (60, 2.0, 3.0), "b": (40, 1.0, 1.0), "c": (100, 4.0, 2.0)}
    truth = sum(w * a / (a + b) for w, (_, a, b) in zip(weights, shapes.values(), strict=True))
    covered = 0
    for seed in range(400):
        tasks = {
            name: task("code" if name == "c" else "web", *rng.beta(a, b, size)) for name, (size, a, b) in shapes.items()
        }
        low, high = bootstrap(tasks, "AP", aggregate, seed, samples=300)
        covered += low <= truth <= high
    assert 0.896 <= covered / 400 <= 0.994


@pytest.mark.parametrize("at_once", [1, 7, 100, 10_000_000])
def test_the_interval_does_not_depend_on_how_many_values_are_drawn_at_a_time(
    monkeypatch: pytest.MonkeyPatch, at_once: int
):
    rng = np.random.default_rng(11)
    tasks = {
        name: TaskScores("c", {"nDCG@10": 0.0}, {"nDCG@10": rng.random(size)})
        for name, size in (("a", 31), ("b", 5), ("c", 64))
    }
    expected = bootstrap(tasks, "nDCG@10", "subset_macro", 3)
    monkeypatch.setattr(aggregate, "DRAWN_AT_ONCE", at_once)
    assert bootstrap(tasks, "nDCG@10", "subset_macro", 3) == expected
