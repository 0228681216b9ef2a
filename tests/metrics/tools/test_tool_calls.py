"""Types of calls, schemas and sequences."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.tools.calls import Call, Gold, Tool, Violations, has_type, violations
from toolbench_eval.metrics.tools.sequences import is_subsequence, lcs_length, longest_increasing

TOOL = Tool.of(
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "where": {}},
                "required": ["city"],
            },
        },
    }
)


def test_a_tool_reads_bare_descriptions_and_those_of_openai() -> None:
    bare = Tool.of({"name": "weather", "parameters": {"properties": TOOL.properties, "required": ["city"]}})
    assert bare == TOOL
    assert Tool.of({"name": "now", "parameters": None}) == Tool("now")
    with pytest.raises(DataError, match="needs a name"):
        Tool.of({"parameters": {}})


def test_a_gold_call_has_one_name() -> None:
    assert Gold.of({"f": {"a": [1]}}) == Gold("f", {"a": [1]})
    with pytest.raises(DataError, match="has 2: \\['f', 'g'\\]"):
        Gold.of({"f": {}, "g": {}})


@pytest.mark.parametrize(
    ("value", "declared", "expected"),
    [
        ("a", "string", True),
        (1, "integer", True),
        (1.0, "integer", False),
        (1, "number", True),
        (True, "integer", False),
        (True, "number", False),
        (True, "boolean", True),
        (None, "null", True),
        (None, "string", False),
        ([1], "array", True),
        ({}, "object", True),
        ({}, "array", False),
        (2.5, "float", True),
        ("x", "NUMBER", False),
        ({}, "dict", True),
        (None, ["string", "null"], True),
        (1, ["string", "null"], False),
        (object(), "uuid", True),
        (object(), None, True),
    ],
)
def test_types_of_json(value: object, declared: object, expected: bool) -> None:
    assert has_type(value, declared) is expected


def test_violations_name_what_is_missing_unknown_and_mistyped() -> None:
    assert violations(Call("weather", {"days": "3", "town": "Oslo", "where": 1}), TOOL) == Violations(
        missing=("city",), unknown=("town",), mistyped=("days",)
    )
    assert not violations(Call("weather", {"city": "Oslo", "days": 3}), TOOL)


words = st.lists(st.sampled_from("abc"), max_size=7)


def longest_by_search(first: list[str], second: list[str]) -> int:
    """The longest common subsequence by trying all of them."""
    subsequences = (part for size in range(len(first), -1, -1) for part in combinations(first, size))
    return next(len(part) for part in subsequences if part in set(combinations(second, len(part))))


@given(words, words)
def test_the_longest_common_subsequence_is_that_of_a_search(first: list[str], second: list[str]) -> None:
    assert lcs_length(first, second) == longest_by_search(first, second)
    assert is_subsequence(first, second) == (lcs_length(first, second) == len(first))


@given(st.lists(st.integers(0, 6), max_size=7))
def test_the_longest_increasing_subsequence_is_that_of_a_search(values: list[int]) -> None:
    increasing = (
        size
        for size in range(len(values) + 1)
        for part in combinations(values, size)
        if all(a < b for a, b in pairwise(part))
    )
    assert longest_increasing(values) == max(increasing)
