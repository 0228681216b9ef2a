"""Letters and ranges of ranks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.comparison.groups import letters, rank_ranges


def matrix(n: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    differ = np.zeros((n, n), dtype=bool)
    for first, second in pairs:
        differ[first, second] = differ[second, first] = True
    return differ


def test_a_chain_overlaps() -> None:
    """The best differs from the last only: the middle one shares a letter with both."""
    values = np.array([0.5, 0.7, 0.6])
    differ = matrix(3, [(0, 1)])
    assert letters(values, differ) == ["b", "a", "ab"]
    assert rank_ranges(values, differ) == [(2, 3), (1, 2), (1, 3)]


def test_all_equal_and_all_different() -> None:
    values = np.array([0.1, 0.3, 0.2])
    assert letters(values, matrix(3, [])) == ["a", "a", "a"]
    every = matrix(3, [(0, 1), (0, 2), (1, 2)])
    assert letters(values, every) == ["c", "a", "b"]
    assert rank_ranges(values, every) == [(3, 3), (1, 1), (2, 2)]


def test_piephos_example_needs_no_order() -> None:
    """Groups need not be intervals of ranks: 0 and 2 differ, 1 and 3 do, all others do not."""
    values = np.array([4.0, 3.0, 2.0, 1.0])
    assert letters(values, matrix(4, [(0, 2), (1, 3)])) == ["ab", "ac", "cd", "bd"]


def test_more_groups_than_letters() -> None:
    n = 28
    every = ~np.eye(n, dtype=bool)
    found = letters(np.arange(n, 0, -1.0), every)
    assert (found[0], found[25], found[26], found[27]) == ("a", "z", "a1", "b1")


@given(st.integers(1, 8), st.data())
def test_two_systems_share_a_letter_exactly_if_they_are_not_separable(n: int, data: st.DataObject) -> None:
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    chosen = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    values = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
    differ = matrix(n, chosen)
    found = letters(values, differ)
    for first in range(n):
        for second in range(n):
            assert bool(set(found[first]) & set(found[second])) == (not differ[first, second])
    assert "a" in found[int(np.argmax(values))]
    ranks = 1 + np.argsort(np.argsort(-values, kind="stable"))
    for rank, (best, worst) in zip(ranks, rank_ranges(values, differ), strict=True):
        assert 1 <= best <= rank <= worst <= n
