"""Names that every provider takes, and what came of native calls."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tool_stage import INJECTION, hall, tool_stage

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.native_tools import NativeTools, native_names
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.declared import DeclaredEnvironment
from toolbench_eval.llms.base import Message, NativeCall, OfferedTool

ALLOWED = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


@pytest.mark.parametrize(
    ("name", "native"),
    [
        ("math.factorial", "math_factorial"),
        ("a.b.c", "a_b_c"),
        ("find-person", "find-person"),
        ("GET /pets/{id}", "GET__pets__id_"),
        ("1st", "_1st"),
        ("-x", "_-x"),
        ("größe", "gr__e"),
        ("", "_"),
        ("x" * 70, "x" * 64),
    ],
)
def test_a_name_that_providers_take(name: str, native: str) -> None:
    assert native_names([name]) == {native: name}


def test_a_name_that_is_allowed_stays_whoever_comes_first() -> None:
    assert native_names(["a.b", "a_b", "a b"]) == {"a_b": "a_b", "a_b_2": "a.b", "a_b_3": "a b"}
    long = "y" * 64
    assert native_names([long + "1", long + "2"]) == {long: long + "1", "y" * 62 + "_2": long + "2"}


@given(st.lists(st.text(alphabet="ab._-1 é", max_size=4) | st.text(min_size=60, max_size=70), max_size=12))
def test_names_are_allowed_and_lead_back(names: list[str]) -> None:
    found = native_names(names)
    assert all(ALLOWED.fullmatch(name) for name in found)
    assert sorted(found.values()) == sorted(set(names))
    assert all(found[name] == name for name in names if ALLOWED.fullmatch(name))


def test_tools_are_offered_with_their_schemas_in_the_environments_order() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tools = DeclaredEnvironment([ToolSpec("math.factorial", "n!", schema), ToolSpec("add", "", {})])
    assert NativeTools.of(Session({}, environment=tools), 100).offered == (
        OfferedTool("math_factorial", "n!", schema),
        OfferedTool("add", "", {"type": "object", "properties": {}}),
    )


def test_calls_are_made_in_order_under_the_tools_own_names() -> None:
    session = Session({}, environment=DeclaredEnvironment([ToolSpec("a.b"), ToolSpec("c")]))
    tools = NativeTools.of(session, 100)
    calls = [NativeCall(f"i{at}", name, "{}") for at, name in enumerate(("c", "a_b", "a.b", "A_b"))]
    came = tools.answer(calls)
    assert [step.name for step in session.steps] == ["c", "a.b", "a.b", "A_b"]  # type: ignore[union-attr]
    assert [(turn.role, turn.answers) for turn in came] == [("tool", call) for call in calls]
    assert "there is no tool 'A_b'" in came[-1].text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [('{"name": "Ada', "not JSON"), ("[1]", "must be a JSON object"), ("", "'name' is a required property")],
)
def test_what_is_wrong_with_arguments_is_said_by_the_environment(arguments: str, complaint: str) -> None:
    scene = tool_stage()
    [turn] = NativeTools.of(scene.session, 500).answer([NativeCall("i", "find", arguments)])
    assert complaint in turn.text
    [step] = scene.session.steps
    assert (step.arguments, step.status) == (arguments or {}, "error")  # type: ignore[union-attr]


def test_results_are_cut_and_never_empty() -> None:
    session = Session({}, environment=hall())
    tools = NativeTools.of(session, 10)
    [turn] = tools.answer([NativeCall("i", "evil", "{}")])
    assert turn.text == f"{INJECTION[:10]}\n[cut: 10 of {len(INJECTION)} characters are shown]"

    class Mute(DeclaredEnvironment):
        def call(self, name, arguments):  # type: ignore[no-untyped-def]
            from toolbench_eval.environments.base import answer

            return answer("")

    silent = NativeTools.of(Session({}, environment=Mute([ToolSpec("a")])), 10)
    assert silent.answer([NativeCall("i", "a", "{}")]) == [
        Message("tool", "(nothing)", answers=NativeCall("i", "a", "{}"))
    ]
