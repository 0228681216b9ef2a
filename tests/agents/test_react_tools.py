"""ReAct where a task has tools: the actions are calls."""

from __future__ import annotations

import pytest
from support.tool_stage import FIND, FINISH, INJECTION, PHONE, act, tool_calls, tool_stage

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.react import React
from toolbench_eval.agents.session import BudgetError, Limits
from toolbench_eval.data.questions import Sample

ASKED = Sample("t1", "What is Ada's phone number?")


def test_find_call_finish():
    scene = tool_stage(FIND, PHONE, FINISH)
    assert React().solve(ASKED, scene.session) == Answer("555-0100", "answered", FINISH)
    assert tool_calls(scene) == [("find", {"name": "Ada"}, "ok"), ("phone", {"person_id": "p-1"}, "ok")]
    assert scene.calls == [("act", 0)] * 3
    last = scene.asked[-1]
    assert [message.role for message in last] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert '{"name": "phone", "description": "Tell a person\'s phone number."' in last[1].text
    assert last[2].text == FIND
    assert last[3].text == 'Observation (ok):\n<result>\n{"person_id": "p-1"}\n</result>'


def test_an_invented_name_is_answered_by_the_environment():
    scene = tool_stage(act("find_phone", '{"name": "Ada"}'), act("hone", '{"person_id": "p-1"}'), FIND, PHONE, FINISH)
    assert React().solve(ASKED, scene.session).text == "555-0100"
    assert [(name, status) for name, _, status in tool_calls(scene)][:2] == [("find_phone", "error"), ("hone", "error")]
    assert "Observation (error)" in scene.asked[1][-1].text
    assert "there is no tool 'find_phone'" in scene.asked[1][-1].text
    # An end of a name is no name: ToolBench's code would have called `phone`.
    assert "there is no tool 'hone'" in scene.asked[2][-1].text


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [("name=Ada", "not JSON"), ("{}", "'name' is a required property"), ('{"name": 1}', "is not of type 'string'")],
)
def test_malformed_arguments_are_answered_and_recovered_from(argument, complaint):
    scene = tool_stage(act("find", argument), FIND, PHONE, FINISH)
    assert React().solve(ASKED, scene.session).text == "555-0100"
    assert tool_calls(scene)[0][2] == "error"
    assert complaint in scene.asked[1][-1].text


def test_search_is_no_tool():
    scene = tool_stage(act("Search", "Ada"), FIND, PHONE, FINISH)
    assert React().solve(ASKED, scene.session).text == "555-0100"
    assert "there is no tool 'Search'" in scene.asked[1][-1].text


def test_a_result_cannot_act():
    scene = tool_stage(act("evil"), FIND, PHONE, FINISH)
    assert React().solve(ASKED, scene.session).text == "555-0100"
    assert [name for name, _, _ in tool_calls(scene)] == ["evil", "find", "phone"]
    shown = scene.asked[1][-1].text
    assert INJECTION not in shown
    assert shown.count("<result>") == shown.count("</result>") == 1
    assert shown.endswith("</result>")


def test_a_long_result_is_cut_and_the_cut_is_noted():
    scene = tool_stage(act("long"), FINISH)
    React(observation=100).solve(ASKED, scene.session)
    assert scene.notes("cut") == [
        {"tool": "long", "shown": 100, "of": 50_000 + len("\n[cut: 50000 of 3000000 characters are shown]")}
    ]
    shown = scene.asked[1][-1].text
    assert len(shown) < 250
    assert shown.startswith(f"Observation (cut):\n<result>\n{'x' * 100}\n[cut: 100 of ")
    # The trajectory has what the environment let through, not only what was shown.
    assert len(scene.session.steps[2].text) > 50_000  # type: ignore[union-attr]


def test_a_tool_that_hangs_is_an_error():
    scene = tool_stage(act("hang"), FIND, PHONE, FINISH)
    assert React().solve(ASKED, scene.session).text == "555-0100"
    assert "did not answer within 0.2 s" in scene.asked[1][-1].text


def test_a_tool_that_fails_half_way_is_told_as_such():
    scene = tool_stage(act("note", '{"text": "half"}'), act("note", '{"text": "b"}'), FINISH)
    React().solve(ASKED, scene.session)
    assert "RuntimeError: the pen broke" in scene.asked[1][-1].text
    assert "\n2\n" in scene.asked[2][-1].text


def test_the_same_call_with_the_same_result_is_no_progress():
    scene = tool_stage(FIND, FIND, "Answer: 555-0100")
    assert React().solve(ASKED, scene.session) == Answer("555-0100", "no_progress", "Answer: 555-0100")
    assert len(tool_calls(scene)) == 2


def test_the_same_call_with_another_result_is_progress():
    post = act("note", '{"text": "a"}')
    scene = tool_stage(post, post, act("Finish", "posted twice"))
    assert React().solve(ASKED, scene.session).stop_reason == "answered"


def test_the_bound_asks_for_the_answer():
    scene = tool_stage(FIND, PHONE, "Answer: 555-0100")
    assert React(max_actions=2).solve(ASKED, scene.session) == Answer("555-0100", "max_hops", "Answer: 555-0100")
    assert scene.calls == [("act", 0), ("act", 0), ("answer", 0)]
    assert "555-0100" in scene.asked[-1][-1].text
    assert "no steps left" in scene.asked[-1][-1].text


def test_a_closing_reply_that_wants_to_go_on_is_no_answer():
    scene = tool_stage(FIND, PHONE, FINISH)
    assert React(max_actions=1).solve(ASKED, scene.session).text == "555-0100"
    assert scene.calls == [("act", 0), ("answer", 0), ("retry", 1)]
    assert len(tool_calls(scene)) == 1


def test_giving_up_is_no_answer():
    give_up = 'Thought: no\nAction: Finish[{"return_type": "give_up_and_restart"}]'
    scene = tool_stage(give_up)
    assert React().solve(ASKED, scene.session) == Answer(None, "no_progress", give_up)


def test_steps_that_cannot_be_read():
    scene = tool_stage("Hm.", "Action: Finish[]", FIND, "Hm.", "", "no", "Answer: none")
    assert React().solve(ASKED, scene.session) == Answer("none", "parse_error", "Answer: none")
    assert scene.calls == [
        ("act", 0),
        ("retry", 1),
        ("retry", 2),
        ("act", 0),
        ("retry", 1),
        ("retry", 2),
        ("answer", 0),
    ]


def test_the_budget_ends_it():
    scene = tool_stage(FIND, PHONE)
    scene.session.limits = Limits(calls=2)
    with pytest.raises(BudgetError, match="2 calls"):
        React().solve(ASKED, scene.session)


def test_an_invented_observation_is_cut():
    scene = tool_stage(f"{FIND}\nObservation (ok): p-7\nAction: Finish[no]", PHONE, FINISH)
    assert React().solve(ASKED, scene.session).text == "555-0100"
    assert scene.asked[1][2].text == FIND


@pytest.mark.parametrize("options", [{"max_actions": 0}, {"observation": 0}])
def test_options_have_bounds(options):
    with pytest.raises(ValueError, match="at least 1"):
        React(**options)
