"""ReAct: thoughts, actions, observations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stage import ADA, BYRON, INJECTED, stage

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.react import React, read_step
from toolbench_eval.agents.shared.moves import Move, read_move
from toolbench_eval.data.questions import Sample

BORN = Sample("q1", "Where was Ada's father born?")
FOUND = {"Ada Lovelace": [ADA], "Lord Byron": [BYRON]}
SEARCH = "Thought: I need her father.\nAction: Search[Ada Lovelace]"
SEARCH2 = "Thought: It is Byron.\nAction: Search[Lord Byron]"
FINISH = "Thought: It is London.\nAction: Finish[London]"


def test_search_search_finish():
    scene = stage(SEARCH, SEARCH2, FINISH, found=FOUND)
    assert React().solve(BORN, scene.session) == Answer("London", "answered", FINISH)
    assert scene.order == ["act", "thought", "search", "act", "thought", "search", "act", "thought"]
    assert scene.queries == ["Ada Lovelace", "Lord Byron"]
    assert scene.shown == [0, 1, 2]
    assert scene.notes("thought")[0] == {"text": "I need her father.", "move": "Search[Ada Lovelace]"}
    last = scene.asked[-1]
    assert [message.role for message in last] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert last[2].text == SEARCH
    assert last[3].text.startswith("Observation: <passages>\n[1] Title: Ada Lovelace")


def test_lookup_goes_through_the_sentences_of_the_last_search():
    look = "Thought: hm\nAction: Lookup[She]"
    scene = stage(SEARCH, look, look.lower(), look, FINISH, found=FOUND)
    assert React().solve(BORN, scene.session).text == "London"
    assert [note["found"] for note in scene.notes("lookup")] == [
        "She was the daughter of Lord Byron.",
        "She died in 1852.",
        None,
    ]
    assert "Sentence 2 of 2" in scene.asked[3][-1].text
    assert "no further sentence with 'She'" in scene.asked[4][-1].text


def test_a_new_search_or_word_begins_a_lookup_anew():
    look = "Thought: hm\nAction: Lookup[was]"
    scene = stage(SEARCH, look, "Action: Lookup[daughter]", SEARCH2, look, FINISH, found=FOUND)
    React().solve(BORN, scene.session)
    assert [note["found"] for note in scene.notes("lookup")] == [
        "Ada Lovelace was a mathematician.",
        "She was the daughter of Lord Byron.",
        "Lord Byron was a poet.",
    ]


def test_lookup_before_any_search():
    scene = stage("Action: Lookup[father]", FINISH, found=FOUND)
    assert React().solve(BORN, scene.session).text == "London"
    assert "search first" in scene.asked[1][-1].text


def test_an_action_that_does_not_exist_is_answered():
    scene = stage("Thought: a\nAction: Calculate[1 + 1]", FINISH, found=FOUND)
    assert React().solve(BORN, scene.session).text == "London"
    assert "no action 'Calculate'" in scene.asked[1][-1].text
    assert scene.queries == []


def test_what_a_model_invents_as_observation_is_cut():
    invented = f"{SEARCH}\nObservation: Ada was Newton's child.\nThought: so\nAction: Finish[Cambridge]"
    scene = stage(invented, FINISH, found=FOUND)
    assert React().solve(BORN, scene.session).text == "London"
    assert scene.asked[1][2].text == SEARCH


def test_the_bound_asks_for_the_final_answer():
    scene = stage(SEARCH, SEARCH2, "Answer: London", found=FOUND)
    assert React(max_hops=2).solve(BORN, scene.session) == Answer("London", "max_hops", "Answer: London")
    assert scene.calls == [("act", 0), ("act", 0), ("answer", 0)]
    assert scene.shown[-1] == 2
    last = scene.asked[-1]
    assert [message.role for message in last] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "Lord Byron was a poet" in last[-1].text
    assert "no steps left" in last[-1].text


def test_a_closing_reply_may_still_finish():
    scene = stage(SEARCH, FINISH, found=FOUND)
    assert React(max_hops=1).solve(BORN, scene.session) == Answer("London", "max_hops", FINISH)


def test_a_closing_reply_that_wants_to_go_on_is_no_answer():
    scene = stage(SEARCH, SEARCH2, "Answer: London", found=FOUND)
    assert React(max_hops=1).solve(BORN, scene.session).text == "London"
    assert scene.calls == [("act", 0), ("answer", 0), ("retry", 1)]
    assert scene.queries == ["Ada Lovelace"]


def test_the_same_search_with_the_same_passages_is_no_progress():
    scene = stage(SEARCH, "Thought: again\nAction: search[ada  lovelace]", "London", found=[ADA])
    assert React().solve(BORN, scene.session) == Answer("London", "no_progress", "London")
    assert scene.queries == ["Ada Lovelace", "ada  lovelace"]


def test_an_unreadable_step_is_asked_for_again():
    scene = stage("I think it is Byron.", "Action: Finish[]", FINISH, found=FOUND)
    assert React().solve(BORN, scene.session).text == "London"
    assert scene.calls == [("act", 0), ("retry", 1), ("retry", 2)]


def test_steps_that_stay_unreadable_end_in_the_final_question():
    scene = stage(SEARCH, "Hm.", "", "London", found=FOUND)
    assert React(retries=1).solve(BORN, scene.session) == Answer("London", "parse_error", "London")
    assert [message.role for message in scene.asked[-1]] == ["system", "user", "assistant", "user"]


def test_no_final_answer_at_all():
    scene = stage("Hm.", "", found=FOUND)
    assert React(retries=0).solve(BORN, scene.session) == Answer(None, "parse_error", "")
    assert [message.role for message in scene.asked[-1]] == ["system", "user"]


def test_nothing_found():
    scene = stage(SEARCH, FINISH, found=[])
    assert React().solve(BORN, scene.session).text == "London"
    assert "(no passage was found)" in scene.asked[1][-1].text


def test_a_passage_cannot_act():
    scene = stage(SEARCH, "Thought: It says Finish[Mallory].\nAction: Search[Lord Byron]", FINISH, found=[INJECTED])
    assert React().solve(BORN, scene.session).text == "London"
    assert scene.queries == ["Ada Lovelace", "Lord Byron"]


def test_a_looked_up_sentence_is_quoted_too():
    scene = stage(SEARCH, "Action: Lookup[Mallory]", FINISH, found=[INJECTED])
    React().solve(BORN, scene.session)
    shown = scene.asked[2][-1].text
    assert shown.count("<passages>") == shown.count("</passages>") == 1


def test_a_boolean_is_finished_with_yes_or_no():
    scene = stage("Action: Finish[perhaps]", "Action: Finish[False]", found=FOUND)
    assert React().solve(Sample("q", "Was Ada a poet?", "boolean"), scene.session).text == "no"
    assert scene.calls == [("act", 0), ("retry", 1)]


@pytest.mark.parametrize(
    ("reply", "move"),
    [
        ("Thought: a\nAction: Search[b]", Move("a", "Search", "b")),
        ("thought 1: a\naction 1: search[b]", Move("a", "search", "b")),
        ("Thought: a. Action: Search[b]", Move("a.", "Search", "b")),
        ("**Thought:** a\n**Action:** Search[b]", Move("a", "Search", "b")),
        ("```\nThought: a\nAction: Search[b]\n```", Move("a", "Search", "b")),
        ("Action: Search(b)", Move("", "Search", "b")),
        ("Action: Search: b", Move("", "Search", "b")),
        ("Action: Search [b", Move("", "Search", "b")),
        ("Action: Search[b [c] d] and more", Move("", "Search", "b [c] d")),
        ("a\nfinish[b]", Move("a", "finish", "b")),
        ("I saw Action: Finish[x] there.\nAction: Search[b]", Move("I saw Action: Finish[x] there.", "Search", "b")),
        ("Action: Search[a]\nAction: Finish[b]", Move("", "Search", "a")),
        ("Action: Finish", Move("", "Finish", "")),
        ("Smith[1] said so", None),
        ("Action: I should search more.", None),
        ("Observation: x\nAction: Finish[b]", None),
        ("", None),
    ],
)
def test_moves(reply, move):
    assert read_move(reply, ("search", "finish")) == move


WORDS = st.from_regex(r"[A-Za-z0-9,.?'-]+( [A-Za-z0-9,.?'-]+){0,5}", fullmatch=True).filter(
    lambda text: "action" not in text.lower() and not text.lower().startswith(("thought", "observation"))
)


@given(WORDS, st.sampled_from(["Search", "Lookup", "Finish", "get_weather"]), WORDS)
def test_a_move_is_found_again(thought, name, argument):
    move = Move(thought, name, argument)
    assert read_move(move.text, ()) == move


@given(
    st.lists(st.one_of(st.text(max_size=5), st.sampled_from(["Action:", "Search[", "]", "(", "\n", "finish["]))).map(
        "".join
    )
)
def test_any_reply_can_be_read(reply):
    step = read_step(reply)
    assert step is None or step.argument
