"""The scripted model behind other system prompts: it is known by its prompts, whatever a study puts before them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.session import Session
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts import speak
from toolbench_eval.study.system_prompts import system_prompt

SHELF = [
    Passage("a", "The Grey Heron", "The Grey Heron is a novel. It was written by Mara Holt in 1931."),
    Passage("b", "Mara Holt", "Mara Holt was a Welsh writer. She was born in Tenby."),
]
QUESTION = Sample("q1", "Where was the author of The Grey Heron born?")
REQUEST = Sample("q2", "On which street does Mara Holt live?")
SEARCHING = ("rag", "react", "self-ask", "iter-retgen", "ircot", "genground", "exsearch", "dro")
CALLING = ("react", "atc", "plan-execute", "dfsdt", "conagents")
WITHOUT_SYSTEM_LINE = ("exsearch", "dro")
AGENTS = [
    *((name, QUESTION, "Grey Heron") for name in ("direct", "cot")),
    *((name, QUESTION, "Tenby") for name in SEARCHING),
    *((name, REQUEST, "Mill Road") for name in CALLING),
    ("rea360", REQUEST, REQUEST.text),
]
Heard = list[tuple[Sequence[Message], str | None]]


def find_person(name: str) -> list[dict]:
    """Find the people of the town who have a name; gives the person_id of each.

    Args:
        name: Name of a person.
    """
    return [{"person_id": "p-1", "name": name}]


def get_person(person_id: str) -> dict:
    """Tell what the register holds of one person: occupation, street of the home.

    Args:
        person_id: Id of a person, from find_person.
    """
    return {"name": "Mara Holt", "street": "Mill Road"}


def play(name: str, sample: Sample, level: str | None = None) -> tuple[str | None, Heard]:
    """An agent's answer, and what the model heard and said, behind a system prompt."""
    heard: Heard = []

    def listen(messages: Sequence[Message]) -> str:
        heard.append((messages, speak(messages)))
        return heard[-1][1] or "nothing"

    llm = Scripted(listen) if level is None else system_prompt(level, {}).llm(Scripted(listen))
    world = {"searcher": lambda query, k: SHELF[:k]} if sample is QUESTION else {"environment": _town()}
    return agent_class(name)().solve(sample, Session({"main": llm}, **world)).text, heard


def _town() -> FunctionEnvironment:
    return FunctionEnvironment([find_person, get_person])


@pytest.mark.parametrize("level", ["short+own", "rules+own", "empty+own"])
@pytest.mark.parametrize(("name", "sample", "answer"), AGENTS)
def test_a_text_before_the_agents_own_changes_no_reply(name, sample, answer, level):
    plain, spoken = play(name, sample)
    perturbed, spoken_then = play(name, sample, level)
    assert (plain, perturbed) == (answer, answer)
    assert None not in [said for _, said in spoken]
    assert [said for _, said in spoken_then] == [said for _, said in spoken]
    opening = spoken_then[0][0][0].text
    assert (opening == spoken[0][0][0].text) == (level == "empty+own")


@pytest.mark.parametrize("level", ["short", "empty"])
@pytest.mark.parametrize(("name", "sample", "answer"), [one for one in AGENTS if one[0] not in WITHOUT_SYSTEM_LINE])
def test_without_its_system_line_no_voice_knows_the_prompt(name, sample, answer, level):
    assert {said for _, said in play(name, sample, level)[1]} == {None}


@pytest.mark.parametrize("name", WITHOUT_SYSTEM_LINE)
def test_agents_that_have_no_system_line_are_known_behind_any(name):
    assert play(name, QUESTION, "role-play") == ("Tenby", play(name, QUESTION, "role-play+own")[1])
    assert speak([Message("system", "You are a poet."), Message("user", "Write a line.")]) is None
    assert speak([Message("system", "You are a poet.")]) is None
