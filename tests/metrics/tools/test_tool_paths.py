"""Measures of paths of tools."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.paths import (
    ConAgentsScores,
    conagents_released,
    cpr_multiset,
    cpr_set,
    cpr_task,
    delta_length,
    extra_calls,
    finished_and_covered,
    normalise,
    path_exact,
    path_lcs,
    path_precision,
    path_precision_multiset,
    tools_covered,
)


@pytest.mark.parametrize(
    ("called", "gold", "task", "by_set", "multiset", "lcs", "precision", "precision_multiset"),
    [
        ("abc", "abc", 1, 1, 1, 1, 1, 1),
        ("axbc", "abc", 1, 1, 1, 1, 3 / 4, 3 / 4),
        ("cba", "abc", 0, 1, 1, 1 / 3, 1, 1),
        ("ab", "abc", 0, 2 / 3, 2 / 3, 2 / 3, 1, 1),
        ("aaa", "ab", 0, 1 / 2, 1 / 2, 1 / 2, 1, 1 / 3),
        ("a", "aab", 0, 1 / 2, 1 / 3, 1 / 3, 1, 1),
        ("xyz", "ab", 0, 0, 0, 0, 0, 0),
        ("", "ab", 0, 0, 0, 0, 0, 0),
        ("x", "", 1, 1, 1, 1, 0, 0),
        ("A", "a", 0, 0, 0, 0, 0, 0),
    ],
)
def test_paths_by_hand(
    called: str,
    gold: str,
    task: float,
    by_set: float,
    multiset: float,
    lcs: float,
    precision: float,
    precision_multiset: float,
) -> None:
    assert cpr_task(called, gold) == task
    assert cpr_set(called, gold) == pytest.approx(by_set)
    assert cpr_multiset(called, gold) == pytest.approx(multiset)
    assert path_lcs(called, gold) == pytest.approx(lcs)
    assert path_precision(called, gold) == pytest.approx(precision)
    assert path_precision_multiset(called, gold) == pytest.approx(precision_multiset)


def test_names_are_compared_as_conagents_does() -> None:
    assert normalise(" GET https://api.org/3/Movie/{id}[2] ", "https://api.org/3") == "/movie/{id}"
    assert normalise("Search") == "search"


def test_success_needs_an_end_and_all_tools() -> None:
    assert finished_and_covered("abx", "ab", finished=True) == 1
    assert finished_and_covered("abx", "ab", finished=False) == 0
    assert finished_and_covered("ax", "ab", finished=True) == 0
    assert tools_covered("ba", "ab") == 1
    assert path_exact("ab", ["a", "b"]) == 1
    assert path_exact("ba", "ab") == 0


def test_extra_calls_are_counted_over_successes() -> None:
    assert extra_calls("abcd", "ab") == 2
    assert extra_calls("a", "ab") == -1
    assert delta_length([("abcd", "ab"), ("ab", "ab"), ("abcdefg", "a")], [True, True, False]) == 1
    assert delta_length([("abc", "a")], [False]) == 0


def test_the_released_success_has_its_precedence_fault() -> None:
    """An unfinished run succeeds where it called no gold tool, and fails where it called one."""
    assert conagents_released("xy", "ab", finished=False).success == 1
    assert conagents_released("ax", "ab", finished=False).success == 0
    assert conagents_released("ab", "ab", finished=False).success == 0
    assert conagents_released("ab", "ab", finished=True).success == 1
    assert finished_and_covered("xy", "ab", finished=False) == 0


def test_the_released_scores_count_the_finish_token() -> None:
    found = conagents_released(["A", "x"], ["a", "b"], finished=True)  # made: a x finish, wanted: a b finish
    assert found == ConAgentsScores(
        success=0.0,
        precision=pytest.approx(2 / 3.001),
        recall=pytest.approx(2 / 3.001),
        f1=pytest.approx(2 * (2 / 3.001) ** 2 / (4 / 3.001 + 0.0001)),
        delta=0.0,
        path=pytest.approx(2 / 3),
    )
    assert path_lcs(["a", "x"], ["a", "b"]) == 1 / 2
    assert conagents_released("abx", "ab", finished=True).delta == 1


paths = st.lists(st.sampled_from("abcd"), max_size=8)
golds = st.lists(st.sampled_from("abcd"), min_size=1, max_size=6)
RECALLS = (cpr_task, cpr_set, cpr_multiset, path_lcs)
ALL = (*RECALLS, path_precision, path_precision_multiset, path_exact, tools_covered)


@given(paths, golds)
def test_all_measures_lie_between_0_and_1(called: list[str], gold: list[str]) -> None:
    assert all(0 <= measure(called, gold) <= 1 for measure in ALL)
    assert all(measure(gold, gold) == 1 for measure in ALL)


@given(paths, golds)
def test_order_bound_never_exceeds_order_free(called: list[str], gold: list[str]) -> None:
    assert path_lcs(called, gold) <= cpr_multiset(called, gold)
    assert cpr_task(called, gold) == (path_lcs(called, gold) == 1)
    assert path_exact(called, gold) <= tools_covered(called, gold)
    if len(set(gold)) == len(gold):
        assert cpr_multiset(called, gold) == cpr_set(called, gold)


@given(paths, golds, st.sampled_from("abcdx"), st.integers(0, 8))
def test_a_further_call_never_lowers_recall(called: list[str], gold: list[str], name: str, at: int) -> None:
    longer = [*called[:at], name, *called[at:]]
    assert all(measure(longer, gold) >= measure(called, gold) for measure in RECALLS)
    if name == "x":
        assert path_precision(longer, gold) <= path_precision(called, gold)
        assert path_precision_multiset(longer, gold) <= path_precision_multiset(called, gold)
