"""Results, and the one text that equal JSON values have."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.environments.base import ToolSpec, answer, canonical, cut, failure, json_or_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_an_answer_shows_text_as_it_is_and_other_values_as_json() -> None:
    assert answer("plain").text == "plain"
    assert answer({"ü": [1, None, True]}).text == '{"ü": [1, null, true]}'
    assert answer([1], text="one").text == "one"
    assert (answer(1).status, answer(1).error, answer(1).failed) == ("ok", None, False)


def test_a_failure_has_a_kind_and_a_message_in_its_value() -> None:
    result = failure("timeout", "too late", "live")
    assert (result.status, result.error, result.source, result.failed) == ("error", "timeout", "live", True)
    assert result.value == {"error": "too late"}
    assert json.loads(result.text) == {"error": "too late"}
    assert failure("tool_error", "", value={"status": 500}).text == '{"status": 500}'


def test_halves_of_characters_are_replaced_in_value_and_text() -> None:
    result = answer({"a": "x\ud800y"})
    assert result.value == {"a": "x\ufffdy"}
    assert result.text.encode("utf-8")


def test_canonical_text_knows_no_order_and_no_trailing_zero() -> None:
    assert canonical({"b": 1.0, "a": [True, 2.5]}) == '{"a":[true,2.5],"b":1}'
    assert canonical(True) != canonical(1)
    assert canonical("1") != canonical(1)


@given(VALUES)
def test_canonical_text_is_json_of_an_equal_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=5))
def test_canonical_text_is_the_same_for_every_order(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_a_cut_says_how_much_is_missing() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdef", 2) == "ab\n[cut: 2 of 6 characters are shown]"


def test_json_or_text() -> None:
    assert json_or_text("[1]") == [1]
    assert json_or_text("one") == "one"
    assert json_or_text("[" * 100_000) == "[" * 100_000


def test_a_specification_tells_its_arguments() -> None:
    tool = ToolSpec("t", parameters={"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]})
    assert (list(tool.properties), tool.required) == (["a", "b"], ("b",))
    assert (ToolSpec("t").properties, ToolSpec("t").required) == ({}, ())
