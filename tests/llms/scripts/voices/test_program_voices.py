"""The scripted model plays ATC, probing and AutoTools: programs are computed from the prompt, mistakes included."""

from __future__ import annotations

import pytest

from toolbench_eval.agents.atc.agent import Atc
from toolbench_eval.agents.atc.probing import Probing, probe_in
from toolbench_eval.agents.session import Limits, Session
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.base import ToolSpec, answer
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.toolbox import ToolError
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts import speak

REQUEST = Sample("q1", "On which street does Mara Holt live?")


def find_person(name: str) -> list[dict]:
    """Find the people of the town who have a name; gives the person_id of each.

    Args:
        name: Name of a person.
    """
    return [{"person_id": "p-2", "name": "Tom Reed"}, {"person_id": "p-1", "name": "Mara Holt"}]


def get_person(person_id: str) -> dict:
    """Tell what the register holds of one person: occupation, street of the home.

    Args:
        person_id: Id of a person, from find_person.
    """
    return {"p-1": {"name": "Mara Holt", "street": "Mill Road"}, "p-2": {"name": "Tom Reed", "street": "Quay"}}[
        person_id
    ]


def play(agent, tools=(find_person, get_person), sample=REQUEST, environment=None):
    session = Session({"main": Scripted(speak)}, environment=environment or FunctionEnvironment(tools))
    return agent.solve(sample, session), session


def noted(session, action):
    return [step.values for step in session.steps if step.step == "note" and step.action == action]


def test_the_first_program_misreads_a_reply_that_nobody_described_and_the_second_does_not():
    found, session = play(Atc())
    assert (found.text, found.stop_reason) == ("Mill Road", "answered")
    first, second = noted(session, "run")
    assert (first["state"], second["state"]) == (1, 0)
    assert "TypeError" in first["error"]
    assert noted(session, "blame") == [{"tools": ["find_person"]}]


def test_one_run_is_not_enough_and_blame_does_not_matter_to_a_slip():
    assert play(Atc(alpha=1))[0].text is None
    assert play(Atc(alpha=2))[0].text == "Mill Road"
    assert play(Atc(alpha=2, attribution="none"))[0].text == "Mill Road"


def test_a_blamed_tool_that_brings_nothing_is_left_out():
    def home_of(name: str) -> dict:
        """Tell the street on which a person lives, by name: the street of the home.

        Args:
            name: Name of a person.
        """
        raise ToolError("the register of homes is closed")

    tools = (home_of, find_person, get_person)
    found, session = play(Atc(), tools)
    assert noted(session, "blame")[0] == {"tools": ["home_of"]}
    assert found.text == "Mill Road"
    assert play(Atc(attribution="none"), tools)[0].text is None


def test_documented_replies_are_read_at_the_first_try():
    class Documented(FunctionEnvironment):
        def tools(self):
            person = {"type": "object", "properties": {"person_id": {"type": "string"}, "name": {"type": "string"}}}
            home = {"type": "object", "properties": {"street": {"type": "string"}}}
            returns = {"find_person": {"type": "array", "items": person}, "get_person": home}
            return [
                ToolSpec(spec.name, spec.description, spec.parameters, returns[spec.name]) for spec in super().tools()
            ]

    found, session = play(Atc(), environment=Documented([find_person, get_person]))
    assert found.text == "Mill Road"
    assert [note["state"] for note in noted(session, "run")] == [0]
    undocumented, session = play(Atc(documentation="none"), environment=Documented([find_person, get_person]))
    assert undocumented.text == "Mill Road"
    assert [note["state"] for note in noted(session, "run")] == [1, 0]


def test_addresses_are_called():
    class Service:
        def tools(self):
            schema = {"type": "object", "properties": {"person_id": {"type": "string"}}, "required": ["person_id"]}
            url = "https://people.example/people/{person_id}"
            return [ToolSpec("get_street", "Tell the street of a person.", schema, method="GET", url=url)]

        def call(self, name, arguments):
            return answer({"street": f"Street of {arguments['person_id']}"})

    sample = Sample("q", "On which street does the person p-7 live?")
    found, session = play(Atc(calls="requests"), sample=sample, environment=Service())
    assert found.text == "Street of p-7"
    assert [step.name for step in session.steps if step.step == "tool"] == ["get_street"]


@pytest.mark.parametrize("encapsulation", [False, True])
def test_the_notebook_goes_call_by_call(encapsulation):
    found, session = play(Atc(mode="notebook", encapsulation=encapsulation, alpha=5))
    assert (found.text, found.stop_reason) == ("Mill Road", "answered")
    called = [(step.name, step.arguments) for step in session.steps if step.step == "tool"]
    assert called == [("find_person", {"name": "Mara Holt"}), ("get_person", {"person_id": "p-1"})]


def test_wrappers_pass_their_tests_where_a_guess_is_good_enough():
    _, session = play(Atc(mode="notebook", alpha=5))
    assert noted(session, "encapsulation")[0]["tools"] == ["find_person"]


def test_probing_takes_ids_from_known_tools():
    def open_shelf(person_id: str, hall: str = "main") -> dict:
        """Tell what stands on the shelf of a person.

        Args:
            person_id: Id of a person, from find_person.
            hall: Name of the hall.
        """
        if not person_id.startswith("p-"):
            raise ToolError("no such person")
        return {"books": 3}

    environment = FunctionEnvironment([open_shelf, find_person])
    session = Session({"main": Scripted(speak)}, environment=environment, limits=Limits(calls=None))
    probed = probe_in(session, environment.tools(), Probing(rounds=2, tries=1))
    assert [(tool.name, tool.round, tool.prerequisites) for tool in probed.documented] == [
        ("find_person", 1, ()),
        ("open_shelf", 2, ("find_person",)),
    ]
    assert probed.documented[0].returns == [{"person_id": "str", "name": "str"}]
    assert probed.documented[1].returns == {"books": "int"}


def test_a_guess_is_mended_by_what_a_complaint_quotes():
    def paint(colour: str) -> dict:
        """Mix a paint.

        Args:
            colour: Its colour.
        """
        if colour != "teal":
            raise ToolError("there is only the colour 'teal'")
        return {"litres": 2}

    environment = FunctionEnvironment([paint])
    session = Session({"main": Scripted(speak)}, environment=environment, limits=Limits(calls=None))
    assert probe_in(session, environment.tools(), Probing(rounds=1)).tries == {"paint": 2}


def test_other_prompts_are_left_to_others():
    from toolbench_eval.llms.base import Message
    from toolbench_eval.llms.scripts.voices import atc, autotools, probing

    messages = [Message("system", "x"), Message("user", "y")]
    assert [voice.reply(messages) for voice in (atc, autotools, probing)] == [None] * 3
