"""Recordings in others' formats, on small records of our own."""

from __future__ import annotations

import pytest

from toolbench_eval.environments.base import failure
from toolbench_eval.environments.codes import kind_of_code, observation_code
from toolbench_eval.environments.recorded import Recording
from toolbench_eval.environments.recorded_sets import (
    from_apibank,
    from_genegpt,
    from_tau,
    from_toolbench_answer,
    from_toolbench_tree,
    from_tooltalk,
)
from toolbench_eval.errors import DataError


def test_tooltalk() -> None:
    apis = [
        {"request": {"api_name": "Add", "parameters": {"a": 1}}, "response": {"id": "x"}, "exception": None},
        {"request": {"api_name": "Del", "parameters": {}}, "response": None, "exception": "no such id"},
    ]
    conversation = {"conversation": [{"role": "user", "text": "?"}, {"role": "assistant", "text": "!", "apis": apis}]}
    assert list(from_tooltalk(conversation)) == [
        Recording("Add", {"a": 1}, {"id": "x"}, '{"id": "x"}'),
        Recording("Del", {}, {"error": "no such id"}, '{"error": "no such id"}', "tool_error"),
    ]


def tau_call(id: str, arguments: str) -> dict[str, object]:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": id, "function": {"name": "book", "arguments": arguments}}],
    }


def test_tau() -> None:
    trajectory = {
        "traj": [
            {"role": "user", "content": "hello"},
            tau_call("1", '{"n": 1}'),
            {"role": "tool", "tool_call_id": "1", "name": "book", "content": '{"ok": true}'},
            tau_call("2", '{"n": 2}'),
            {"role": "tool", "tool_call_id": "2", "name": "book", "content": "Error: sold out"},
        ]
    }
    assert list(from_tau(trajectory)) == [
        Recording("book", {"n": 1}, {"ok": True}, '{"ok": true}'),
        Recording("book", {"n": 2}, "Error: sold out", "Error: sold out", "tool_error"),
    ]
    with pytest.raises(DataError, match="belongs to no call"):
        list(from_tau({"traj": [trajectory["traj"][2]]}))


def test_apibank() -> None:
    dialogue = {
        "turns": [
            {"role": "User", "text": "?"},
            {"role": "API", "api_name": "Now", "result": {"input": None, "output": "2023", "exception": None}},
            {"role": "API", "api_name": "Of", "result": {"input": {"a": 1}, "output": None, "exception": "no"}},
        ]
    }
    assert list(from_apibank(dialogue)) == [
        Recording("Now", {}, "2023", "2023"),
        Recording("Of", {"a": 1}, {"error": "no"}, '{"error": "no"}', "tool_error"),
    ]


def action(name: str, arguments: str, code: int, children: list[object] | None = None) -> dict[str, object]:
    given = {
        "node_type": "Action Input",
        "description": arguments,
        "observation": '{"error": "", "response": 1}',
        "observation_code": code,
        "children": children or [],
    }
    return {"node_type": "Action", "description": name, "children": [given]}


def test_toolbench_trees() -> None:
    thought = {"node_type": "Thought", "description": "hm", "children": [action("b", "{}", 12)]}
    tree = {
        "node_type": "Action Input",
        "description": "",
        "children": [
            action("a", '{"x": 1}', 0, [thought]),
            action("gone", "{}", 1),
            action("a", "not json", 2),
            action("Finish", "{}", 3),
        ],
    }
    found = list(from_toolbench_tree({"tree": {"tree": tree}}))
    assert [(one.tool, one.arguments, one.error) for one in found] == [("a", {"x": 1}, None), ("b", {}, "unavailable")]
    assert found[0].value == {"error": "", "response": 1}


def test_toolbench_answers() -> None:
    def node(role: str, message: object, *after: object) -> dict[str, object]:
        return {"role": role, "message": message, "next": list(after)}

    good = {"name": "a", "arguments": '{"x": 1}', "response": '{"error": "", "response": "r"}'}
    bad = {"name": "b", "arguments": "", "response": '{"error": "down", "response": ""}'}
    end = {"name": "Finish", "arguments": "{}", "response": ""}
    called = node("tool", good, node("tool", bad), node("tool", end), node("tool", "{'name': 'c"))
    details = [node("system", "", called)]
    found = list(from_toolbench_answer({"answer": {"answer_details": details}}))
    assert [(one.tool, one.arguments, one.error) for one in found] == [("a", {"x": 1}, None), ("b", {}, "tool_error")]


def test_genegpt_keeps_the_longest_reply_of_an_address() -> None:
    whole = "[https://x/e?a=1]->[b'one\\ntwo']\n[https://x/e?a=2]->[plain [x] text]\n"
    part = "[https://x/e?a=1]->[b'one\\nt]\n"
    found = from_genegpt([["q", "a", "p", [[part, "x"], [whole, "y"]]]])
    assert [(one.tool, one.arguments["url"], one.text) for one in found] == [
        ("GET", "https://x/e?a=1", "one\ntwo"),
        ("GET", "https://x/e?a=2", "plain [x] text"),
    ]
    assert [one.text for one in from_genegpt([["q", "a", "p", [[part, "x"]]]])] == ["one\nt"]


def test_observation_codes() -> None:
    codes = {
        "unknown_tool": 1,
        "malformed_arguments": 2,
        "invalid_arguments": 2,
        "timeout": 5,
        "unavailable": 6,
        "unauthorized": 8,
        "rate_limited": 9,
        "call_limit": 10,
        "tool_error": 11,
        "miss": 12,
        "refused": 12,
        "too_large": 0,
    }
    assert {kind: observation_code(failure(kind, "")) for kind in codes} == codes  # type: ignore[arg-type]
    assert [kind_of_code(code) for code in (0, 1, 3, 4, 7, 8, 12)] == [
        None,
        "unknown_tool",
        None,
        None,
        "unauthorized",
        "unauthorized",
        "unavailable",
    ]
