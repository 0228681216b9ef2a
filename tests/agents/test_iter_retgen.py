"""Iter-RetGen: each round searches with the generation of the one before."""

from __future__ import annotations

from support.stage import ADA, BYRON, INJECTED, LONDON, stage

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.iter_retgen import IterRetGen
from toolbench_eval.data.questions import Sample

BORN = Sample("q1", "Where was Ada's father born?")
FIRST = "Ada's father was Lord Byron.\nAnswer: Greece"
SECOND = "Lord Byron was born in London.\nAnswer: London"


def test_a_generation_stands_before_the_question_in_the_next_query():
    scene = stage(FIRST, SECOND, found={BORN.text: [ADA], f"{FIRST} {BORN.text}": [BYRON, LONDON]})
    assert IterRetGen().solve(BORN, scene.session) == Answer("London", "answered", SECOND)
    assert scene.order == ["search", "generate", "draft", "search", "generate", "draft"]
    assert scene.queries == [BORN.text, f"{FIRST} {BORN.text}"]
    assert scene.notes("draft") == [{"iteration": 1, "answer": "Greece"}, {"iteration": 2, "answer": "London"}]
    assert scene.shown == [1, 2]


def test_a_generation_is_made_from_passages_and_question_alone():
    scene = stage(FIRST, SECOND, found={BORN.text: [ADA], f"{FIRST} {BORN.text}": [BYRON]})
    IterRetGen().solve(BORN, scene.session)
    second = "\n".join(message.text for message in scene.asked[1])
    assert "Greece" not in second
    assert "[1] Title: Ada Lovelace" not in second


def test_iterations_bound_the_calls():
    one = stage(FIRST, found=[ADA])
    assert IterRetGen(iterations=1).solve(BORN, one.session).stop_reason == "answered"
    assert len(one.asked) == 1


def test_the_same_passages_again_end_the_work():
    scene = stage(FIRST, found=[ADA])
    assert IterRetGen(iterations=5).solve(BORN, scene.session) == Answer("Greece", "no_progress", FIRST)
    assert scene.order == ["search", "generate", "draft", "search"]


def test_nothing_found():
    scene = stage(FIRST, found=[])
    assert IterRetGen().solve(BORN, scene.session) == Answer("Greece", "no_progress", FIRST)


def test_an_unreadable_round_keeps_the_draft_before_it():
    long = "words " * 20
    scene = stage(FIRST, long, long, found={BORN.text: [ADA], f"{FIRST} {BORN.text}": [BYRON]})
    assert IterRetGen(retries=1).solve(BORN, scene.session) == Answer("Greece", "parse_error", long)
    assert scene.calls == [("generate", 0), ("generate", 0), ("retry", 1)]


def test_an_unreadable_first_round_has_no_answer():
    scene = stage("", found=[ADA])
    assert IterRetGen(retries=0).solve(BORN, scene.session) == Answer(None, "parse_error", "")


def test_a_boolean():
    scene = stage("She was not.\nAnswer: False", found=[INJECTED])
    assert IterRetGen(iterations=1).solve(Sample("q", "Was Ada a poet?", "boolean"), scene.session).text == "no"
