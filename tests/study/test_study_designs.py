"""Conditions of studies: one factor at a time, all combinations, fractions of a known resolution."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.errors import UsageError
from toolbench_eval.study.design import defining_words, fraction, make_design, runs_of

# Smallest number of runs of a two-level design of k factors (Box, Hunter and Hunter 2005, table 6.22).
SMALLEST = {
    3: {3: 4, 4: 8, 5: 8, 6: 8, 7: 8, 8: 16, 9: 16, 10: 16},
    4: {4: 8, 5: 16, 6: 16, 7: 16, 8: 16, 9: 32, 10: 32},
    5: {5: 16, 6: 32, 7: 64, 8: 64},
}


def test_one_factor_at_a_time_shares_the_base() -> None:
    design = make_design("one_factor", {"a": ["1", "2", "3"], "b": ["x", "y"]})
    assert [dict(one.levels) for one in design.conditions] == [
        {"a": "1", "b": "x"},
        {"a": "2", "b": "x"},
        {"a": "3", "b": "x"},
        {"a": "1", "b": "y"},
    ]
    assert [one.label for one in design.conditions] == ["base", "a=2", "a=3", "b=y"]
    assert design.resolution is None


def test_all_combinations() -> None:
    design = make_design("full", {"a": ["1", "2"], "b": ["x", "y", "z"]})
    assert [one.label for one in design.conditions] == ["base", "b=y", "b=z", "a=2", "a=2, b=y", "a=2, b=z"]


def test_the_half_fraction_of_three_factors() -> None:
    design = make_design("fractional", {"a": ["-", "+"], "b": ["-", "+"], "c": ["-", "+"]}, resolution=3)
    assert ["".join(one.levels.values()) for one in design.conditions] == ["---", "-++", "+-+", "++-"]
    assert design.relation == (("a", "b", "c"),)
    assert design.resolution == 3


@pytest.mark.parametrize(
    ("resolution", "factors", "runs"),
    [(resolution, factors, runs) for resolution, table in SMALLEST.items() for factors, runs in table.items()],
)
def test_fractions_are_the_smallest_there_are(resolution: int, factors: int, runs: int) -> None:
    generators = fraction(factors, resolution)
    rows = runs_of(factors, generators)
    assert len(rows) == len(set(rows)) == runs
    assert set(rows[0]) == {0}
    assert min(map(len, defining_words(factors, generators))) >= resolution


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 8), st.integers(3, 5))
def test_effects_up_to_the_resolution_are_not_confounded(factors: int, resolution: int) -> None:
    """By the runs themselves: products of i and of j columns are orthogonal for i + j below the resolution."""
    rows = np.array(runs_of(factors, fraction(factors, resolution))) * 2 - 1
    columns = range(factors)
    for size in range(1, resolution):
        for word in combinations(columns, size):
            assert abs(rows[:, list(word)].prod(axis=1).sum()) == 0, word


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 8), st.integers(3, 5))
def test_words_of_the_relation_are_the_same_in_every_run(factors: int, resolution: int) -> None:
    generators = fraction(factors, resolution)
    rows = np.array(runs_of(factors, generators)) * 2 - 1
    words = defining_words(factors, generators)
    constant = [
        word
        for size in range(1, factors + 1)
        for word in combinations(range(factors), size)
        if abs(rows[:, list(word)].prod(axis=1).sum()) == len(rows)
    ]
    assert sorted(words) == sorted(constant)


def test_without_a_fraction_it_is_the_whole() -> None:
    design = make_design("fractional", {"a": ["-", "+"], "b": ["-", "+"]}, resolution=4)
    assert len(design.conditions) == 4
    assert design.relation == ()


def test_fractions_take_two_levels_of_few_factors() -> None:
    with pytest.raises(UsageError, match="two levels of each factor"):
        make_design("fractional", {"a": ["1", "2", "3"], "b": ["x", "y"]})
    with pytest.raises(UsageError, match="at most 10 factors, found 11"):
        make_design("fractional", {str(at): ["-", "+"] for at in range(11)})
