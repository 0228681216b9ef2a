"""A stage for ATC: an office that knows one person, and a model whose programs come from a list."""

from __future__ import annotations

from toolbench_eval.agents.session import Limits, Session
from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts.heard import unfill
from toolbench_eval.prompts import load_prompt

ATC, AUTOTOOLS = load_prompt("atc-1"), load_prompt("autotools-1")
KINDS = {
    *("program", "attribute", "revise", "revise_output", "reminder"),
    *("encapsulate", "no_function", "test_failed", "verify", "solve", "output"),
}
REQUEST = Sample("q1", "When was Mara Holt born?", "text")
WRONG = "found = find_person(name='Mara Holt')\nprint(person_details(id=found['people'][0]['id'])['born'])"
RIGHT = "found = find_person(name='Mara Holt')\nprint(person_details(person_id=found['people'][0]['id'])['born'])"


def find_person(name: str) -> dict:
    """Finds people by name."""
    return {"people": [{"id": 7, "name": name}]}


def person(person_id: int) -> str:
    """The name of a person."""
    return "Mara Holt"


def person_details(person_id: int) -> dict:
    """Everything about a person."""
    if person_id != 7:
        raise ValueError("nobody has this id")
    return {"name": "Mara Holt", "born": "1901"}


TOOLS = (find_person, person, person_details)


def fenced(program):
    return f"Here it is:\n```python\n{program}\n```"


def heard(messages):
    """Which text the last turn was made of, and its values."""
    asked = messages[-1].text
    for prompt in (ATC, AUTOTOOLS):
        for text in KINDS & set(prompt.texts):
            found = unfill(prompt.texts[text], asked)
            if found is not None:
                return text, found
    raise AssertionError(asked)


def play(agent, *programs, blame="Tool: person_details", tools=TOOLS, sample=REQUEST, limits=None, environment=None):
    """The agent's answer, its trajectory and its requests; replies that are no calls of tools come from `programs`."""
    rest, requests = list(programs), []

    def script(messages):
        kind, values = heard(messages)
        requests.append((kind, values, messages))
        if kind == "attribute":
            return blame
        reply = rest.pop(0) if len(rest) > 1 else rest[0]
        return reply(kind, values) if callable(reply) else reply

    session = Session(
        {"main": Scripted(script)}, environment=environment or FunctionEnvironment(tools), limits=limits or Limits()
    )
    found = agent.solve(sample, session)
    trajectory = Trajectory(sample.id, found.text or None, found.stop_reason, found.raw, tuple(session.steps))
    return found, trajectory, requests


def actions(trajectory):
    return [call.action for call in trajectory.calls]


def states(trajectory):
    return [note["state"] for note in trajectory.notes("run")]
