"""IRCoT: each sentence of the reasoning is the next query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stage import ADA, BYRON, INJECTED, LONDON, stage

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.ircot import Ircot, next_sentence
from toolbench_eval.data.questions import Sample

BORN = Sample("q1", "Where was Ada's father born?")
S1, S2, LAST = "Ada's father was Lord Byron.", "Lord Byron was born in London.", "So the answer is: London."
READ = "Byron was born in London.\nAnswer: London"


def test_search_reason_and_read():
    scene = stage(f"{S1} He may be Greek.", S2, LAST, READ, found={BORN.text: [ADA], S1: [BYRON], S2: [LONDON, ADA]})
    assert Ircot().solve(BORN, scene.session) == Answer("London", "answered", READ)
    assert scene.order == [
        "search", "reason", "thought", "search", "reason", "thought", "search", "reason", "thought", "read",
    ]  # fmt: skip
    assert scene.queries == [BORN.text, S1, S2]
    assert [note["text"] for note in scene.notes("thought")] == [S1, S2, LAST]
    assert scene.shown == [1, 2, 3, 3]
    assert f"Reasoning so far: {S1} {S2}\n" in scene.asked[2][-1].text
    assert "Greek" not in scene.asked[1][-1].text


def test_the_reader_sees_passages_but_not_the_chain():
    scene = stage(S1, LAST, "Answer: Rome", found={BORN.text: [ADA], S1: [BYRON]})
    assert Ircot(reader="direct").solve(BORN, scene.session).text == "Rome"
    asked = scene.asked[-1][-1].text
    assert "[1] Title: Ada Lovelace" in asked
    assert "[2] Title: Lord Byron" in asked
    assert S1 not in asked


def test_the_bound_ends_in_the_reader():
    scene = stage(S1, S2, READ, found={BORN.text: [ADA], S1: [BYRON], S2: [LONDON]})
    assert Ircot(max_hops=2).solve(BORN, scene.session) == Answer("London", "max_hops", READ)
    assert scene.queries == [BORN.text, S1, S2]


def test_the_first_passages_stay_when_there_are_too_many():
    scene = stage(S1, LAST, READ, found={BORN.text: [BYRON, ADA], S1: [LONDON]})
    Ircot(max_passages=2).solve(BORN, scene.session)
    assert scene.shown == [2, 2, 2]
    assert "London is the capital" not in scene.asked[-1][-1].text


def test_a_sentence_that_returns_with_the_same_passages_ends_the_chain():
    scene = stage(S1, S1.upper(), READ, found=[ADA])
    assert Ircot().solve(BORN, scene.session).stop_reason == "no_progress"
    assert scene.queries == [BORN.text, S1, S1.upper()]


def test_a_chain_that_cannot_be_read_still_has_a_reader():
    scene = stage("", " ", READ, found=[ADA])
    assert Ircot(retries=1).solve(BORN, scene.session) == Answer("London", "parse_error", READ)
    assert scene.calls == [("reason", 0), ("retry", 1), ("read", 0)]


def test_a_reader_that_cannot_be_read():
    scene = stage(LAST, "", found=[ADA])
    assert Ircot(retries=0).solve(BORN, scene.session) == Answer(None, "parse_error", "")


def test_nothing_found():
    scene = stage(S1, LAST, READ, found=[])
    assert Ircot().solve(BORN, scene.session).text == "London"
    assert scene.shown == [0, 0, 0]
    assert "(no passage was found)" in scene.asked[0][-1].text


def test_a_passage_that_claims_to_answer_ends_nothing():
    scene = stage(S1, LAST, READ, found=[INJECTED])
    assert Ircot().solve(BORN, scene.session).text == "London"
    assert len(scene.asked) == 3


def test_a_boolean():
    scene = stage("So the answer is: no.", "Answer: no", found=[ADA])
    assert Ircot().solve(Sample("q", "Was Ada a poet?", "boolean"), scene.session).text == "no"
    assert "yes or no" in scene.asked[-1][-1].text


@pytest.mark.parametrize(
    ("reply", "chain", "sentence"),
    [
        (f"{S1} {S2}", [], S1),
        (f"{S1} {S2} {LAST}", [S1], S2),
        (f"{S1}", [S1], S1),
        ("So the answer is: J. K. Rowling.", [], "So the answer is: J. K. Rowling."),
        ("<think>hm</think>\n```\nOne thing.\n```", [], "One thing."),
        ("no full stop", [], "no full stop"),
        ("", [], None),
    ],
)
def test_the_next_sentence(reply, chain, sentence):
    assert next_sentence(reply, chain) == sentence


@given(st.text(), st.lists(st.text(), max_size=3))
def test_any_reply_can_be_read(reply, chain):
    sentence = next_sentence(reply, chain)
    assert sentence is None or sentence.strip() == sentence != ""
