"""Plan, execute, plan anew."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tool_stage import FIND, PHONE, act, tool_calls, tool_stage

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.plan_execute import PlanExecute, read_plan
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.scripted import Scripted

ASKED = Sample("t1", "What is Ada's phone number?")
PLAN = "1. Look for Ada with find.\n2. Ask for her number with phone."
DONE = act("Done", "p-1")
LAST = "Answer: 555-0100"


def done_in(text: str) -> list[dict[str, object]]:
    """What a prompt says was done."""
    inside = text.partition("<done>\n")[2].partition("\n</done>")[0]
    return [json.loads(line) for line in inside.splitlines()]


def actions(scene) -> list[str]:
    return [action for action, _ in scene.calls]


def test_plan_two_steps_answer():
    scene = tool_stage(PLAN, FIND, DONE, PHONE, act("Done", "555-0100"), LAST)
    assert PlanExecute().solve(ASKED, scene.session) == Answer("555-0100", "answered", LAST)
    assert actions(scene) == ["plan", "act", "act", "act", "act", "answer"]
    assert tool_calls(scene) == [("find", {"name": "Ada"}, "ok"), ("phone", {"person_id": "p-1"}, "ok")]
    assert scene.notes("plan") == [
        {"steps": ["Look for Ada with find.", "Ask for her number with phone."], "left_out": []}
    ]
    assert [note["failed"] for note in scene.notes("step")] == [None, None]
    # Each step is a conversation of its own, which shows the plan and what was done.
    second = scene.asked[3]
    assert [message.role for message in second] == ["system", "user"]
    assert PLAN in second[1].text
    assert "Now do step 2, and nothing beyond it: Ask for her number with phone." in second[1].text
    assert done_in(second[1].text) == [
        {"tool": "find", "arguments": {"name": "Ada"}, "status": "ok", "result": '{"person_id": "p-1"}'},
        {"step": "Look for Ada with find.", "outcome": "done", "said": "p-1"},
    ]
    assert "<done>\n(nothing)\n</done>" in scene.asked[1][1].text


def test_a_failed_step_brings_a_new_plan():
    bob = act("find", '{"name": "Bob"}')
    scene = tool_stage(PLAN, bob, act("Failed", "nobody is called Bob"), "1. Look for Ada.", FIND, DONE, LAST)
    assert PlanExecute().solve(ASKED, scene.session).text == "555-0100"
    assert actions(scene) == ["plan", "act", "act", "replan", "act", "act", "answer"]
    asked = scene.asked[3][1].text
    assert 'The step "Look for Ada with find." failed: nobody is called Bob' in asked
    assert [row.get("status", row.get("outcome")) for row in done_in(asked)] == ["error", "failed"]
    # The second step of the first plan was never begun.
    assert [note["number"] for note in scene.notes("step")] == [1, 1]


def test_no_steps_ends_the_work():
    scene = tool_stage(PLAN, act("Failed", "no"), "No steps.", "Answer: unknown")
    assert PlanExecute().solve(ASKED, scene.session) == Answer("unknown", "answered", "Answer: unknown")


def test_new_plans_have_a_bound():
    fail = act("Failed", "no")
    scene = tool_stage(PLAN, fail, PLAN, fail, PLAN, fail, "Answer: unknown")
    assert PlanExecute(replans=2).solve(ASKED, scene.session).stop_reason == "max_hops"
    scene = tool_stage(PLAN, fail, "Answer: unknown")
    assert PlanExecute(replans=0).solve(ASKED, scene.session) == Answer("unknown", "max_hops", "Answer: unknown")


def test_a_step_has_a_bound_and_going_round_in_circles_ends_it():
    scene = tool_stage(PLAN, FIND, PHONE, LAST)
    assert PlanExecute(step_actions=2, replans=0).solve(ASKED, scene.session).stop_reason == "max_hops"
    assert scene.notes("step")[0]["failed"] == "it took too many actions"
    scene = tool_stage(PLAN, FIND, FIND, LAST)
    PlanExecute(replans=0).solve(ASKED, scene.session)
    assert scene.notes("step")[0]["failed"] == "it went round in circles"


def test_a_step_that_cannot_be_read_fails():
    scene = tool_stage(PLAN, "Hm.", "Hm.", LAST)
    PlanExecute(replans=0, retries=1).solve(ASKED, scene.session)
    assert scene.calls == [("plan", 0), ("act", 0), ("retry", 1), ("answer", 0)]
    assert scene.notes("step")[0]["failed"] == "no action could be read"


def test_a_plan_that_cannot_be_read():
    scene = tool_stage("I would ask around.", "", LAST)
    assert PlanExecute(retries=1).solve(ASKED, scene.session) == Answer("555-0100", "parse_error", LAST)
    assert actions(scene) == ["plan", "retry", "answer"]
    assert "one step a line" in scene.asked[1][-1].text


def test_a_plan_has_a_bound():
    scene = tool_stage("1. a\n2. b\n3. c", act("Done"), LAST)
    PlanExecute(max_steps=1).solve(ASKED, scene.session)
    assert scene.notes("plan") == [{"steps": ["a"], "left_out": ["b", "c"]}]


def test_invented_names_are_answered_and_recovered_from():
    scene = tool_stage(PLAN, act("find_phone"), FIND, DONE, PHONE, act("Done", "x"), LAST)
    assert PlanExecute().solve(ASKED, scene.session).text == "555-0100"
    assert [status for _, _, status in tool_calls(scene)] == ["error", "ok", "ok"]


def test_results_are_data_in_every_prompt():
    scene = tool_stage("1. Read the wall.", act("evil"), DONE, LAST)
    assert PlanExecute().solve(ASKED, scene.session).text == "555-0100"
    assert [name for name, _, _ in tool_calls(scene)] == ["evil"]
    for messages in scene.asked[2:]:
        shown = messages[-1].text
        assert shown.count("<result>") == shown.count("</result>") <= 1
        assert "\nAction: Finish[Mallory]" not in shown.partition("<done>")[2]
    assert [set(row) for row in done_in(scene.asked[-1][-1].text)] == [
        {"tool", "arguments", "status", "result"},
        {"step", "outcome", "said"},
    ]


def test_long_and_hanging_tools():
    scene = tool_stage("1. Read.\n2. Wait.", act("long"), DONE, act("hang"), act("Failed", "no"), LAST)
    assert PlanExecute(observation=100, replans=0).solve(ASKED, scene.session).text == "555-0100"
    assert scene.notes("cut")[0]["shown"] == 100
    assert len(scene.asked[-1][1].text) < 1500
    assert [status for _, _, status in tool_calls(scene)] == ["cut", "error"]


def test_a_model_that_never_ends_comes_to_an_end():
    def speak(messages):
        text = messages[-1].text
        return PLAN if "1. <step>" in text else LAST if "Answer: <the answer>" in text else FIND

    session = Session({"main": Scripted(speak)}, environment=tool_stage().session.environment)
    assert PlanExecute().solve(ASKED, session).stop_reason == "max_hops"
    # Three plans, each with one step of two equal calls, and the answer.
    assert [step.action for step in session.steps if isinstance(step, LLMCall)] == [
        *("plan", "act", "act"),
        *("replan", "act", "act") * 2,
        "answer",
    ]


def test_without_tools():
    with pytest.raises(UsageError, match="has none"):
        PlanExecute().solve(ASKED, Session({"main": Scripted(lambda messages: LAST)}))


@pytest.mark.parametrize("options", [{"max_steps": 0}, {"step_actions": 0}, {"replans": -1}, {"observation": 0}])
def test_options_have_bounds(options):
    with pytest.raises(ValueError, match="at least"):
        PlanExecute(**options)


@pytest.mark.parametrize(
    ("reply", "steps"),
    [
        ("1. a\n2) b\n 3: c", ["a", "b", "c"]),
        ("Plan:\n- 1. a\n**2.** b\nThat is all.", ["a", "b"]),
        ("Step 1: a\nStep 2: b", ["a", "b"]),
        ("No steps.", []),
        ("There are no further steps.", []),
        ("a, then b", None),
        ("", None),
    ],
)
def test_plans_in_many_forms(reply, steps):
    assert read_plan(reply) == steps


@given(st.text(max_size=80))
def test_reading_a_plan_never_raises(text):
    assert read_plan(text) is None or isinstance(read_plan(text), list)
