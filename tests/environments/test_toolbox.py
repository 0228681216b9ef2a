"""Every mistake of a model is a result."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.http_service import HttpService

from toolbench_eval.environments.base import ToolResult, ToolSpec, answer
from toolbench_eval.environments.toolbox import Toolbox, ToolError
from toolbench_eval.errors import DataError, EndpointError

ADD = ToolSpec(
    "add",
    parameters={
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 1}},
        "required": ["a"],
        "additionalProperties": False,
    },
)


def added(tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
    return answer(arguments["a"] + arguments.get("b", 1))


@pytest.fixture
def box() -> Toolbox:
    return Toolbox([ADD])


def test_arguments_come_as_an_object_or_as_its_text(box: Toolbox) -> None:
    assert box.call("add", {"a": 1, "b": 2}, added).value == 3
    assert box.call("add", '{"a": 1}', added).value == 2


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "told"),
    [
        ("ad", "{}", "unknown_tool", "there is no tool 'ad'. Did you mean add?"),
        ("", "{}", "unknown_tool", "there is no tool ''."),
        ("add", '{"a": 1', "malformed_arguments", "not JSON"),
        ("add", "[1]", "malformed_arguments", "must be a JSON object, found [1]"),
        ("add", "null", "malformed_arguments", "must be a JSON object"),
        ("add", "[" * 100_000, "malformed_arguments", "not JSON"),
        ("add", {"a": object()}, "malformed_arguments", "not JSON"),
        ("add", "", "invalid_arguments", "'a' is a required property"),
        ("add", {"a": "1"}, "invalid_arguments", "a: '1' is not of type 'integer'"),
        ("add", {"a": True}, "invalid_arguments", "a: True is not of type 'integer'"),
        ("add", {"a": 1, "c": 2}, "invalid_arguments", "'c' was unexpected"),
    ],
)
def test_a_malformed_call_is_answered_as_an_api_would(
    box: Toolbox, name: str, arguments: Any, kind: str, told: str
) -> None:
    result = box.call(name, arguments, added)
    assert (result.status, result.error) == ("error", kind)
    assert told in result.value["error"]


def test_all_complaints_are_told_at_once(box: Toolbox) -> None:
    told = box.call("add", {"b": "x", "c": 2}, added).value["error"]
    assert all(one in told for one in ("'a' is a required", "b: 'x'", "'c' was"))


@given(st.text() | st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.text() | st.integers()))
def test_no_arguments_raise(arguments: Any) -> None:
    result = Toolbox([ADD]).call("add", arguments, added)
    assert result.status in {"ok", "error"}
    assert result.text.encode()


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (ValueError("half-way"), "tool_error", "ValueError: half-way"),
        (SystemExit(3), "tool_error", "SystemExit: 3"),
        (RecursionError(), "tool_error", "nested too deeply"),
        (ToolError("slow down", "rate_limited"), "rate_limited", "slow down"),
    ],
)
def test_what_a_tool_raises_is_its_answer(box: Toolbox, error: BaseException, kind: str, told: str) -> None:
    def fails(tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        raise error

    result = box.call("add", {"a": 1}, fails, "live")
    assert (result.error, result.source) == (kind, "live")
    assert told in result.text


def test_an_endpoint_of_ours_that_fails_is_no_answer_of_the_tool(box: Toolbox) -> None:
    def fails(tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        raise EndpointError("gone")

    with pytest.raises(EndpointError):
        box.call("add", {"a": 1}, fails)


def test_a_tool_gets_a_copy_of_the_arguments(box: Toolbox) -> None:
    mine: dict[str, Any] = {"a": 1}

    def changes(tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        arguments["a"] = 99
        return answer(None)

    box.call("add", mine, changes)
    assert mine == {"a": 1}


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(DataError, match="same name: add"):
        Toolbox([ADD, ADD])


def test_a_schema_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="the schema of tool 't' is none: at 'properties/a/type'"):
        Toolbox([ToolSpec("t", parameters={"type": "object", "properties": {"a": {"type": "NUMBER"}}})])


def test_a_reference_to_an_address_is_never_fetched() -> None:
    with HttpService({("GET", "/schema"): lambda request: {"type": "integer"}}) as service:
        tool = ToolSpec("t", parameters={"type": "object", "properties": {"a": {"$ref": f"{service.url}/schema"}}})
        result = Toolbox([tool]).call("t", {"a": "x"}, added)
        assert result.failed
        assert service.requests == []


def test_the_time_is_taken(box: Toolbox) -> None:
    assert box.call("add", {"a": 1}, added).seconds > 0
    assert box.call("nothing", {}, added).seconds > 0
