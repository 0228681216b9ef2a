"""How alike arguments are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.environments.similarity import similarity

ARGUMENTS = st.dictionaries(
    st.sampled_from("abc"), st.text(max_size=6) | st.integers(-3, 3) | st.lists(st.integers(0, 2), max_size=2)
)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({}, {}, 1.0),
        ({"a": 1}, {"a": 1.0}, 1.0),
        ({"a": 1}, {"a": 2}, 0.0),
        ({"a": 1}, {}, 0.0),
        ({"a": 1, "b": 2}, {"a": 1}, 0.5),
        ({"a": "Paris "}, {"a": "paris"}, 1.0),
        # " ab " has the pairs (" a", "ab", "b "), " ac " (" a", "ac", "c "): one of three on each side.
        ({"a": "ab"}, {"a": "ac"}, 1 / 3),
        ({"a": "ab", "b": 1}, {"a": "ac", "b": 1}, (1 / 3 + 1) / 2),
        ({"a": "1"}, {"a": 1}, 0.0),
    ],
)
def test_values_by_hand(left: dict[str, object], right: dict[str, object], expected: float) -> None:
    assert similarity(left, right) == pytest.approx(expected)


@given(ARGUMENTS, ARGUMENTS)
def test_it_is_symmetric_bounded_and_one_for_the_same(left: dict[str, object], right: dict[str, object]) -> None:
    assert similarity(left, right) == similarity(right, left)
    assert 0 <= similarity(left, right) <= 1
    assert similarity(left, left) == 1
