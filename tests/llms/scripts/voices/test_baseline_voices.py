"""The scripted model plays the baseline agents: it answers by what it is shown, in the form that is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.cot import Cot
from toolbench_eval.agents.direct import Direct
from toolbench_eval.agents.ircot import Ircot
from toolbench_eval.agents.iter_retgen import IterRetGen
from toolbench_eval.agents.rag import Rag
from toolbench_eval.agents.react import React
from toolbench_eval.agents.self_ask import SelfAsk
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall, SearchCall
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts.voices import single_turn, stepwise

SHELF = [
    Passage("a", "The Grey Heron", "The Grey Heron is a novel. It was written by Mara Holt in 1931."),
    Passage("d", "Heron", "The heron is a bird of rivers."),
    Passage("b", "Mara Holt", "Mara Holt was a Welsh writer. She was born in Tenby."),
    Passage("c", "Tenby", "Tenby is a harbour town in Wales."),
    Passage("e", "Grey", "Grey is a colour between black and white."),
]
BRIDGE = Sample("q1", "Where was the author of The Grey Heron born?")
SINGLE = Sample("q2", "Who wrote The Grey Heron?")


def speak(messages: Sequence[Message]) -> str:
    reply = single_turn.reply(messages) or stepwise.reply(messages)
    assert reply is not None, messages[-1].text
    return reply


def find(query: str, k: int) -> Sequence[Passage]:
    """The passages with most of the query's words."""
    words = set(re.findall(r"\w+", query.lower())) - {"the", "a", "of", "was", "is", "in", "by"}
    shared = {one.id: len(words & set(re.findall(r"\w+", one.contents.lower()))) for one in SHELF}
    return [one for one in sorted(SHELF, key=lambda one: -shared[one.id]) if shared[one.id]][:k]


def play(agent: Agent, sample: Sample) -> tuple[str | None, str, Session]:
    session = Session({"main": Scripted(speak)}, find)
    answer = agent.solve(sample, session)
    return answer.text, answer.stop_reason, session


def queries(session: Session) -> list[str]:
    return [step.query for step in session.steps if isinstance(step, SearchCall)]


def actions(session: Session) -> list[str]:
    return [step.action for step in session.steps if isinstance(step, LLMCall)]


@pytest.mark.parametrize("agent", [Rag(k=1), IterRetGen(k=1), React(k=1), SelfAsk(k=1), Ircot(k=1)])
def test_one_passage_tells(agent):
    text, reason, _ = play(agent, SINGLE)
    assert (text, reason) in {("Mara Holt", "answered"), ("Mara Holt", "no_progress")}


@pytest.mark.parametrize("agent", [IterRetGen(k=2), React(k=1), SelfAsk(k=1), Ircot(k=1)])
def test_two_passages_are_found_one_after_the_other(agent):
    text, reason, session = play(agent, BRIDGE)
    assert (text, reason) == ("Tenby", "answered")
    assert "retry" not in actions(session)
    assert any("Mara Holt" in query for query in queries(session))


def test_one_search_is_not_enough():
    assert play(Rag(k=2), BRIDGE)[0] != "Tenby"
    assert play(IterRetGen(k=2, iterations=1), BRIDGE)[0] != "Tenby"
    assert play(SelfAsk(k=1, max_hops=1), BRIDGE)[:2] != ("Tenby", "answered")


@pytest.mark.parametrize("agent", [Direct(), Cot(), SelfAsk(source="memory")])
def test_without_passages_it_guesses(agent):
    text, _, session = play(agent, BRIDGE)
    assert text
    assert text != "Tenby"
    assert queries(session) == []


@pytest.mark.parametrize("agent", [Direct(), Cot(), Rag(), IterRetGen(), React(), SelfAsk(), Ircot()])
def test_a_boolean_gets_yes_or_no(agent):
    assert play(agent, Sample("q", "Was The Grey Heron written by Mara Holt?", "boolean"))[0] in {"yes", "no"}


def test_the_bound_is_met():
    text, reason, session = play(React(k=1, max_hops=1), BRIDGE)
    assert (text is not None, reason) == (True, "max_hops")
    assert actions(session) == ["act", "answer"]


def test_a_direct_reader():
    assert play(Ircot(k=1, reader="direct"), BRIDGE)[0] == "Tenby"


def test_other_prompts_are_not_theirs():
    for messages in ([], [Message("user", "hi")], [Message("system", "x"), Message("user", "y")]):
        assert single_turn.reply(messages) is None
        assert stepwise.reply(messages) is None
