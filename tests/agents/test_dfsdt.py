"""DFSDT: depth first, back one or two levels, something else."""

from __future__ import annotations

import json

import pytest
from support.tool_stage import FIND, FINISH, PHONE, act, tool_calls, tool_stage

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.dfsdt.agent import Dfsdt
from toolbench_eval.agents.options import build
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.scripted import Scripted

ASKED = Sample("t1", "What is Ada's phone number?")
GIVE_UP = act("GiveUp", "stuck")


def post(text: str, thought: str = "so") -> str:
    return act("note", json.dumps({"text": text}), thought)


def tried_in(text: str) -> list[dict[str, object]]:
    """What a prompt says was tried."""
    inside = text.partition("<done>\n")[2].partition("\n</done>")[0]
    return [json.loads(line) for line in inside.splitlines()]


def steps(scene) -> int:
    return len(scene.calls)


def test_straight_down():
    scene = tool_stage(FIND, PHONE, FINISH)
    assert Dfsdt().solve(ASKED, scene.session) == Answer("555-0100", "answered", FINISH)
    assert scene.notes("backtrack") == []
    assert [message.role for message in scene.asked[-1]] == ["system", "user", "assistant", "user", "assistant", "user"]


@pytest.mark.parametrize(("thought", "turns"), [("so", 4), ("", 6)])
def test_twelve_nodes_are_four_turns_with_thoughts_and_six_without(thought, turns):
    lines = [post(str(number), thought) for number in range(turns)]
    scene = tool_stage(*lines, FINISH)
    assert Dfsdt(width=2).solve(ASKED, scene.session).text == "555-0100"
    # The chain stops at the bound; the next step is another try one level up.
    assert len(scene.asked[turns]) == len(scene.asked[turns - 1])
    assert tried_in(scene.asked[turns][-1].text)[0]["arguments"] == {"text": str(turns - 1)}
    assert scene.notes("backtrack") == [{"depth": 12 - (3 if thought else 2), "levels": 1, "kept": ["note"]}]


def test_a_reply_without_action_is_a_thought_and_one_node():
    scene = tool_stage("I wonder.", "Hm.", FINISH)
    assert Dfsdt(max_nodes=2, width=2).solve(ASKED, scene.session).text == "555-0100"
    assert "no action in that" in scene.asked[1][-1].text
    # Two thoughts reach the bound; the third step stands beside the second.
    assert len(scene.asked[1]) == len(scene.asked[2]) == 4


def test_an_empty_reply_is_a_thought_too():
    scene = tool_stage("", FINISH)
    assert Dfsdt().solve(ASKED, scene.session).text == "555-0100"
    assert scene.asked[1][2].text == "(nothing)"


def test_giving_up_goes_back_two_levels():
    scene = tool_stage(FIND, PHONE, GIVE_UP, act("find", '{"name": "Bob"}'), FINISH)
    assert Dfsdt(width=2).solve(ASKED, scene.session).text == "555-0100"
    # Given up below `phone`: its parent's next try would stand beside it; it is skipped, and `phone` gets a sibling.
    assert len(scene.asked[3]) == 4
    assert [one["tool"] for one in tried_in(scene.asked[3][-1].text)] == ["phone"]
    assert scene.notes("gave_up") == [{"why": "stuck"}]
    assert [(note["depth"], note["levels"]) for note in scene.notes("backtrack")] == [(6, 2), (3, 1)]


def test_another_try_is_told_what_was_tried():
    scene = tool_stage(act("find", '{"name": "Bob"}'), GIVE_UP, FIND, PHONE, FINISH)
    assert Dfsdt(width=2).solve(ASKED, scene.session).text == "555-0100"
    assert tried_in(scene.asked[2][-1].text) == [
        {"tool": "find", "arguments": {"name": "Bob"}, "status": "error", "result": '{"error": "nobody is called Bob"}'}
    ]
    assert "stays changed" in scene.asked[2][-1].text
    assert [message.role for message in scene.asked[2]] == ["system", "user"]


def test_what_was_given_up_is_told_too():
    scene = tool_stage(FIND, GIVE_UP, GIVE_UP)
    assert Dfsdt(width=2).solve(ASKED, scene.session).text is None
    assert [one["tool"] for one in tried_in(scene.asked[2][-1].text)] == ["find"]
    scene = tool_stage("I wonder.", act("find", '{"name": "Bob"}'), FINISH)
    assert Dfsdt(width=2, max_nodes=2).solve(ASKED, scene.session).text == "555-0100"
    assert [one["tool"] for one in tried_in(scene.asked[2][-1].text)] == ["find"]


def test_the_first_call_behind_a_thought_is_told():
    scene = tool_stage("I wonder.", act("find", '{"name": "Bob"}'), post("b"), FINISH)
    assert Dfsdt(width=2, max_nodes=2).solve(ASKED, scene.session).text == "555-0100"
    assert len(scene.asked[3]) == 2
    assert [one["tool"] for one in tried_in(scene.asked[3][-1].text)] == ["find"]


def test_calls_that_only_look_leave_nothing():
    scene = tool_stage(FIND, PHONE, FINISH)
    Dfsdt(width=2, max_nodes=3).solve(ASKED, scene.session)
    assert [note["kept"] for note in scene.notes("backtrack")] == [[], []]


def test_children_do_not_inherit_the_request_to_differ():
    scene = tool_stage(post("a"), post("b"), post("c"), post("d"), FINISH)
    assert Dfsdt(width=2, max_nodes=6).solve(ASKED, scene.session).text == "555-0100"
    # a, b: at the bound; c beside b: at the bound; back to the root: d beside a; its child finishes.
    assert [bool(tried_in(messages[-1].text)) for messages in scene.asked] == [False, False, True, True, False]
    assert [one["arguments"] for one in tried_in(scene.asked[3][-1].text)] == [{"text": "a"}]
    assert all("<done>\n" not in message.text for message in scene.asked[4])
    assert scene.asked[4][2].text == post("d")


def test_width_bounds_the_tries_at_each_point():
    scene = tool_stage(*[post(str(number)) for number in range(3 + 9)])
    assert Dfsdt(width=3, max_nodes=6).solve(ASKED, scene.session) == Answer(None, "max_hops", post("11"))
    # 3 tries at the root, 3 below each.
    assert steps(scene) == 3 + 9
    assert scene.left == []


def test_other_tries_are_asked_for_anew():
    scene = tool_stage(post("a"), post("b"), post("c"))
    Dfsdt(width=3, max_nodes=3).solve(ASKED, scene.session)
    assert scene.calls == [("act", 0), ("act", 1), ("act", 2)]


def test_the_bound_of_queries_uses_the_last_reply():
    scene = tool_stage(FIND, PHONE, FINISH)
    assert Dfsdt(max_queries=3).solve(ASKED, scene.session).text == "555-0100"
    scene = tool_stage(FIND, PHONE)
    assert Dfsdt(max_queries=2).solve(ASKED, scene.session) == Answer(None, "max_hops", PHONE)
    assert len(tool_calls(scene)) == 2


def test_released_drops_the_last_reply():
    scene = tool_stage(FIND, PHONE, FINISH)
    assert Dfsdt(max_queries=3, last_reply="dropped").solve(ASKED, scene.session).text is None
    assert (steps(scene), len(tool_calls(scene))) == (3, 2)


def test_released_replaces_names_that_do_not_exist():
    invented = act("find_phone", '{"name": "Ada"}')
    scene = tool_stage(invented, FINISH)
    Dfsdt().solve(ASKED, scene.session)
    assert scene.asked[1][2].text == invented
    scene = tool_stage(invented, FINISH)
    Dfsdt(unknown_names="replaced").solve(ASKED, scene.session)
    assert scene.asked[1][2].text == act("no_such_tool", '{"name": "Ada"}')
    assert tool_calls(scene)[0][0] == "find_phone"


def test_protocols():
    assert build(Dfsdt, "paper") == Dfsdt(max_queries=200)
    assert build(Dfsdt, "released") == Dfsdt(max_queries=200, unknown_names="replaced", last_reply="dropped")


def test_an_end_of_a_name_is_no_name():
    scene = tool_stage(act("ind", '{"name": "Ada"}'), act("", "{}"), FINISH)
    Dfsdt().solve(ASKED, scene.session)
    assert tool_calls(scene) == [("ind", {"name": "Ada"}, "error")]


def test_all_lines_given_up():
    scene = tool_stage(GIVE_UP, GIVE_UP)
    assert Dfsdt(width=2).solve(ASKED, scene.session) == Answer(None, "no_progress", GIVE_UP)
    # At the root there is nothing two levels up.
    assert steps(scene) == 1


def test_effects_stay_and_are_named():
    scene = tool_stage(post("a"), post("half"), act("note", '{"words": "x"}'), FINISH)
    assert Dfsdt(width=2, max_nodes=6).solve(ASKED, scene.session).text == "555-0100"
    # A call that broke half-way may have changed something; one that the tool never saw has not.
    assert [note["kept"] for note in scene.notes("backtrack")] == [["note"], [], ["note", "note"]]
    assert scene.session.environment.snapshot() == ["a", "half"]  # type: ignore[union-attr]


def test_toolbench_finish_is_read():
    done = 'Thought: ok\nAction: Finish\nAction Input: {"return_type": "give_answer", "final_answer": "555-0100"}'
    scene = tool_stage(FIND, done)
    assert Dfsdt().solve(ASKED, scene.session).text == "555-0100"


def test_a_finish_without_answer_is_a_thought():
    scene = tool_stage("Thought: ok\nAction: Finish[]", FINISH)
    assert Dfsdt().solve(ASKED, scene.session).text == "555-0100"
    assert "no action in that" in scene.asked[1][-1].text


def test_a_result_cannot_act_or_forge_what_was_tried():
    scene = tool_stage(act("evil"), post("b"), FINISH)
    assert Dfsdt(width=2, max_nodes=3).solve(ASKED, scene.session).text is None
    scene = tool_stage(act("evil"), FINISH)
    assert Dfsdt(width=2, max_nodes=3).solve(ASKED, scene.session).text == "555-0100"
    shown = scene.asked[1][-1].text
    assert shown.count("<done>") == shown.count("</done>") == 1
    assert [one["tool"] for one in tried_in(shown)] == ["evil"]


def test_results_are_cut_as_in_toolbench():
    scene = tool_stage(act("long"), FINISH)
    Dfsdt().solve(ASKED, scene.session)
    assert scene.notes("cut")[0]["shown"] == 1024
    assert len(scene.asked[1][-1].text) < 1200


def test_a_model_that_never_ends_comes_to_an_end():
    session = Session({"main": Scripted(lambda messages: FIND)}, environment=tool_stage().session.environment)
    assert Dfsdt(max_queries=20).solve(ASKED, session).stop_reason == "max_hops"
    assert sum(isinstance(step, LLMCall) for step in session.steps) == 20


def test_without_tools():
    with pytest.raises(UsageError, match="has none"):
        Dfsdt().solve(ASKED, Session({"main": Scripted(lambda messages: FINISH)}))


@pytest.mark.parametrize("options", [{"width": 0}, {"max_nodes": 0}, {"max_queries": 0}, {"max_nodes": 201}])
def test_options_have_bounds(options):
    with pytest.raises(ValueError, match=r"at (?:least|most)"):
        Dfsdt(**options)
