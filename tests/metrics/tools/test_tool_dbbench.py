"""Values of DBBench, right and as released."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.dbbench import values_of, values_right, values_right_released


@pytest.mark.parametrize(
    ("given_", "gold", "right", "released"),
    [
        (["Soviet Union"], ["Soviet Union"], 1, 1),
        (["soviet union"], ["Soviet Union"], 1, 0),
        ([3], ["3.0"], 1, 1),
        (["3.004"], ["3"], 1, 1),
        (["3.02"], ["3"], 0, 0),
        (["1,200"], ["1200"], 1, 1),
        (["45%"], ["45"], 1, 1),
        ([None], ["0"], 0, 1),
        (["nan"], ["0"], 0, 1),
        (["b", "a"], ["a", "b"], 1, 1),
        (["a", "a"], ["a", "b"], 0, 0),
        (["a", "b", "b"], ["a", "b"], 0, 1),
        ([1, 2], ["2.0", "1.0"], 1, 1),
        ([1, 1], ["1", "2"], 0, 0),
        ([], ["a"], 0, 0),
        (["a", "b"], ["a"], 0, 0),
        (["'quoted'"], ["quoted"], 1, 1),
    ],
)
def test_values(given_: list[Any], gold: list[str], right: float, released: float):
    assert values_right(given_, gold) == right
    assert values_right_released(given_, gold) == released


@pytest.mark.parametrize(
    ("text", "values"), [('["a", 2]', ["a", 2]), (" red ", ["red"]), ("12", ["12"]), ('{"a": 1}', ['{"a": 1}'])]
)
def test_answers_that_are_text(text: str, values: list[Any]):
    assert values_of(text) == values


@given(
    st.lists(
        st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=6) | st.integers(-99, 99).map(str)
    )
)
@example(["inf", "NaN"])
def test_the_gold_values_are_right_in_any_order(values: list[str]):
    assert values_right(values, values) == 1
    assert values_right(values[::-1], values) == 1
    assert values_right_released(values[::-1], values) == 1
    assert values_right([*values, "one more"], values) == 0
