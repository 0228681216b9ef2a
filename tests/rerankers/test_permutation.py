"""Windows and permutations of list-wise reranking."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.rerankers.permutation import read_permutation, windows

HUNDRED = [(80, 100), (70, 90), (60, 80), (50, 70), (40, 60), (30, 50), (20, 40), (10, 30), (0, 20)]


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, [(0, 0)]),
        (1, [(0, 1)]),
        (19, [(0, 19)]),
        (20, [(0, 20)]),
        (21, [(1, 21), (0, 20)]),
        (25, [(5, 25), (0, 20)]),
        (30, [(10, 30), (0, 20)]),
        (100, HUNDRED),
    ],
)
def test_the_last_window_begins_at_the_top(n, expected):
    assert windows(n, 20, 10) == expected


@pytest.mark.parametrize(
    ("n", "shown_from"),
    [(100, 0), (99, 9), (25, 5), (21, 1), (20, 0), (30, 0)],
)
def test_the_references_fault_leaves_the_top_unseen(n, shown_from):
    """9 of 99, 5 of 25, 1 of 21; exactly 100 is fine (mair.md 5, fault 6)."""
    found = windows(n, 20, 10, "dropped")
    assert min(start for start, _ in found) == shown_from == (n - 20) % 10


def test_the_references_fault_reranks_no_short_list():
    assert windows(19, 20, 10, "dropped") == []
    assert windows(100, 20, 10, "dropped") == HUNDRED


@given(st.integers(1, 200), st.integers(2, 30), st.data())
def test_every_document_is_shown_and_can_reach_the_top(n, size, data):
    step = data.draw(st.integers(1, size - 1))
    found = windows(n, size, step)
    assert {place for start, end in found for place in range(start, end)} == set(range(n))
    assert found[0][1] == n
    assert found[-1][0] == 0
    for (start, _), (above, end) in pairwise(found):
        assert above < start < end  # what a window puts first is seen by the next one


@pytest.mark.parametrize(
    ("answer", "n", "order", "named", "dropped"),
    [
        ("[2] > [3] > [1]", 3, (1, 2, 0), 3, 0),
        ("[ 2 ]>[1]", 2, (1, 0), 2, 0),
        ("2 > 3 > 1", 3, (1, 2, 0), 3, 0),
        ("3, 1", 4, (2, 0, 1, 3), 2, 0),
        ("[2] > [2] > [1]", 3, (1, 0, 2), 2, 1),
        ("[0] > [4] > [2]", 3, (1, 0, 2), 1, 2),
        ("Here are the 20 texts, best first: [3] > [1]", 3, (2, 0, 1), 2, 0),
        ("", 2, (0, 1), 0, 0),
        ("I cannot help with that.", 2, (0, 1), 0, 0),
        ("[99999999999999999999] > [1]", 2, (0, 1), 1, 1),
        (f"[{'9' * 5000}] > [2]", 2, (1, 0), 1, 1),
        (f"{'0' * 5000}1", 2, (0, 1), 0, 1),
        ("[02] > [0]", 2, (1, 0), 1, 1),
    ],
)
def test_answers_are_repaired(answer, n, order, named, dropped):
    found = read_permutation(answer, n)
    assert (found.order, found.named, found.dropped) == (order, named, dropped)
    assert found.whole == (named == n and dropped == 0)


@given(st.text(alphabet="[]0123456789 >,x", max_size=40), st.integers(1, 25))
def test_whatever_the_answer_the_order_is_a_permutation(answer, n):
    assert sorted(read_permutation(answer, n).order) == list(range(n))
