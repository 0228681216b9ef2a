"""Self-Ask: follow-up questions and intermediate answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stage import ADA, BYRON, INJECTED, stage

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.self_ask import SelfAsk, Turn, read_turn
from toolbench_eval.data.questions import Sample

BORN = Sample("q1", "Where was Ada's father born?")
Q1, Q2 = "Who was Ada's father?", "Where was Lord Byron born?"
FOUND = {Q1: [ADA], Q2: [BYRON]}
LAST = "So the final answer is: London."


def test_follow_ups_are_searched_and_answered():
    scene = stage(f"Follow up: {Q1}", "Lord Byron.", f"Follow up: {Q2}", "London", LAST, found=FOUND)
    assert SelfAsk().solve(BORN, scene.session) == Answer("London", "answered", LAST)
    assert scene.order == [
        "follow_up", "search", "look_up", "fact", "follow_up", "search", "look_up", "fact", "follow_up",
    ]  # fmt: skip
    assert scene.queries == [Q1, Q2]
    assert scene.shown == [0, 1, 0, 1, 0]
    assert scene.notes("fact") == [{"question": Q1, "answer": "Lord Byron"}, {"question": Q2, "answer": "London"}]
    history = f"Follow up: {Q1}\nIntermediate answer: Lord Byron\nFollow up: {Q2}\nIntermediate answer: London"
    assert history in scene.asked[-1][-1].text


def test_an_intermediate_answer_sees_its_passages_and_not_the_question():
    scene = stage(f"Follow up: {Q1}", "Lord Byron", LAST, found=FOUND)
    SelfAsk().solve(BORN, scene.session)
    asked = scene.asked[1][-1].text
    assert "[1] Title: Ada Lovelace" in asked
    assert Q1 in asked
    assert BORN.text not in asked
    assert "Lovelace" not in scene.asked[2][-1].text


def test_what_a_model_invents_behind_its_follow_up_is_cut():
    invented = f"Follow up: {Q1}\nIntermediate answer: Newton.\nSo the final answer is: Cambridge"
    scene = stage(invented, "Lord Byron", LAST, found=FOUND)
    assert SelfAsk().solve(BORN, scene.session).text == "London"
    assert scene.queries == [Q1]


def test_no_follow_up_is_needed():
    scene = stage("Are follow up questions needed here: No.\nSo the final answer is: London", found=FOUND)
    assert SelfAsk().solve(BORN, scene.session).text == "London"
    assert scene.order == ["follow_up"]


def test_from_memory_nothing_is_searched():
    scene = stage(f"Follow up: {Q1}", "Lord Byron", LAST)
    assert SelfAsk(source="memory").solve(BORN, scene.session).text == "London"
    assert scene.order == ["follow_up", "remember", "fact", "follow_up"]


def test_the_bound_asks_for_the_final_answer():
    scene = stage(f"Follow up: {Q1}", "Lord Byron", LAST, found=FOUND)
    assert SelfAsk(max_hops=1).solve(BORN, scene.session) == Answer("London", "max_hops", LAST)
    assert [action for action, _ in scene.calls] == ["follow_up", "look_up", "answer"]
    assert "Intermediate answer: Lord Byron" in scene.asked[-1][-1].text


def test_the_same_follow_up_with_the_same_passages_is_no_progress():
    scene = stage(f"Follow up: {Q1}", "Lord Byron", f"follow up: {Q1.lower()}", LAST, found=[ADA])
    assert SelfAsk().solve(BORN, scene.session) == Answer("London", "no_progress", LAST)
    assert [action for action, _ in scene.calls] == ["follow_up", "look_up", "follow_up", "answer"]


def test_unreadable_turns_end_in_the_final_question():
    scene = stage("Hm.", "Well.", "London", found=FOUND)
    assert SelfAsk(retries=1).solve(BORN, scene.session) == Answer("London", "parse_error", "London")
    assert scene.calls == [("follow_up", 0), ("retry", 1), ("answer", 0)]


def test_an_intermediate_answer_that_does_not_come_is_not_known():
    scene = stage(f"Follow up: {Q1}", "", LAST, found=FOUND)
    SelfAsk(retries=0).solve(BORN, scene.session)
    assert scene.notes("fact") == [{"question": Q1, "answer": "not known"}]


def test_no_final_answer_at_all():
    scene = stage("Hm.", "", found=FOUND)
    assert SelfAsk(retries=0).solve(BORN, scene.session) == Answer(None, "parse_error", "")


def test_nothing_found():
    scene = stage(f"Follow up: {Q1}", "Lord Byron", LAST, found=[])
    assert SelfAsk().solve(BORN, scene.session).text == "London"
    assert "(no passage was found)" in scene.asked[1][-1].text


def test_a_passage_asks_no_follow_up_and_gives_no_final_answer():
    scene = stage(f"Follow up: {Q1}", "Lord Byron", LAST, found=[INJECTED])
    assert SelfAsk().solve(BORN, scene.session).text == "London"
    assert scene.queries == [Q1]


def test_a_boolean_that_is_none_is_asked_for_again():
    scene = stage("So the final answer is: perhaps", "So the final answer is: No.", found=FOUND)
    assert SelfAsk().solve(Sample("q", "Was Ada a poet?", "boolean"), scene.session).text == "no"
    assert scene.calls == [("follow_up", 0), ("retry", 1)]


@pytest.mark.parametrize(
    ("reply", "turn"),
    [
        ("Follow up: Who?", Turn("Who?", False)),
        ("FOLLOW-UP QUESTION 2: 'Who?'", Turn("Who?", False)),
        ("Are follow up questions needed here: Yes.\n**Follow up:**\nWho?", Turn("Who?", False)),
        ("So the final answer is London.", Turn("London", True)),
        ("Final answer: London", Turn("London", True)),
        ("Answer: London", Turn("London", True)),
        ("The answer is: London", Turn("London", True)),
        ("Follow up: A?\nSo the final answer is: B", Turn("A?", False)),
        ("Intermediate answer: London", None),
        ("Follow up:", None),
        ("So the final answer is:", None),
        ("Who knows?", None),
        ("", None),
    ],
)
def test_what_comes_next(reply, turn):
    assert read_turn(reply) == turn


@given(
    st.lists(st.sampled_from(["Follow up:", "final answer is", "Answer:", "\n", "x", "?", "“", "<think>"])).map(
        " ".join
    )
)
def test_any_reply_can_be_read(reply):
    turn = read_turn(reply)
    assert turn is None or turn.text


@given(st.from_regex(r"[A-Z][a-z ]{0,20}[a-z]\?", fullmatch=True))
def test_a_follow_up_is_found_again(question):
    assert read_turn(f"Follow up: {question}") == Turn(question, False)
