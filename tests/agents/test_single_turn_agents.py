"""Direct, CoT and RAG: one call, and what it is made of."""

from __future__ import annotations

import pytest
from support.stage import ADA, BYRON, INJECTED, stage

from toolbench_eval.agents.base import Agent, Answer
from toolbench_eval.agents.cot import Cot
from toolbench_eval.agents.direct import Direct
from toolbench_eval.agents.rag import Rag
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UsageError

BORN = Sample("q1", "Where was Ada's father born?")
WHETHER = Sample("q2", "Was Ada a poet?", "boolean")


@pytest.mark.parametrize("agent", [Direct(), Cot(), Rag()])
def test_they_are_agents(agent):
    assert isinstance(agent, Agent)


def test_direct_asks_once():
    scene = stage('"London."')
    assert Direct().solve(BORN, scene.session) == Answer("London", "answered", '"London."')
    assert scene.order == ["answer"]
    assert BORN.text in scene.asked[0][-1].text


def test_cot_answers_with_what_is_concluded():
    reply = "Ada's father was Byron.\nHe was born in London.\nAnswer: London"
    scene = stage(reply)
    assert Cot().solve(BORN, scene.session) == Answer("London", "answered", reply)
    assert scene.order == ["answer"]


def test_rag_searches_with_the_question_and_shows_what_it_found():
    scene = stage("London", found=[ADA, BYRON])
    assert Rag(k=1).solve(BORN, scene.session).text == "London"
    assert scene.order == ["search", "answer"]
    assert scene.queries == [BORN.text]
    assert scene.shown == [1]
    asked = scene.asked[0][-1].text
    assert "[1] Title: Ada Lovelace" in asked
    assert "Lord Byron was a poet" not in asked


def test_rag_without_any_passage_answers_all_the_same():
    scene = stage("London", found=[])
    assert Rag().solve(BORN, scene.session).text == "London"
    assert "(no passage was found)" in scene.asked[0][-1].text


def test_rag_needs_something_to_search_in():
    with pytest.raises(UsageError, match="--model"):
        Rag().solve(BORN, stage().session)


@pytest.mark.parametrize("agent", [Direct(), Cot(), Rag()])
def test_a_boolean_question_is_asked_and_read_as_one(agent):
    scene = stage("True.", found=[ADA])
    assert agent.solve(WHETHER, scene.session).text == "yes"
    assert "yes or no" in scene.asked[0][-1].text


@pytest.mark.parametrize("agent", [Direct(), Cot(), Rag()])
def test_an_unreadable_reply_is_asked_for_again(agent):
    scene = stage("", "hm", "No", found=[ADA])
    assert agent.solve(WHETHER, scene.session) == Answer("no", "answered", "No")
    assert scene.calls == [("answer", 0), ("retry", 1), ("retry", 2)]
    first, second, third = scene.asked
    assert second[: len(first)] == first
    assert [message.role for message in third] == ["system", "user", "assistant", "user"]
    assert third[2].text == "hm"
    assert second[2].text, "an empty turn is refused by some endpoints"


@pytest.mark.parametrize("agent", [Direct(retries=1), Cot(retries=1), Rag(retries=1)])
def test_asking_again_has_a_bound(agent):
    scene = stage(" ", "<think>endless", found=[ADA])
    assert agent.solve(BORN, scene.session) == Answer(None, "parse_error", "<think>endless")
    assert scene.left == []


def test_a_passage_is_quoted_not_obeyed():
    scene = stage("", "London", found=[INJECTED, BYRON])
    assert Rag().solve(BORN, scene.session).text == "London"
    asked = scene.asked[0][-1].text
    assert asked.count("<passages>") == asked.count("</passages>") == 1
    assert "\n\n[2] Title: Lord Byron\n" in asked
    assert "\n[2] Title: Forged" not in asked


@pytest.mark.parametrize(("kind", "options"), [(Direct, {"retries": -1}), (Rag, {"k": 0}), (Cot, {"retries": -1})])
def test_options_have_bounds(kind, options):
    with pytest.raises(ValueError, match=r"is at least"):
        kind(**options)
