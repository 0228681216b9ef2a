"""A stage for probing: a room with shelves, and a model that finds out how its tools work."""

from __future__ import annotations

from toolbench_eval.agents.atc.probing import Probing, probe_in
from toolbench_eval.agents.session import Limits, Session
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.llms.scripts.heard import unfill
from toolbench_eval.prompts import load_prompt

PROMPT = load_prompt("probing-1")
KINDS = ("probe", "chain", "select", "unreadable", "failed", "no_json", "no_reply")


def list_shelves(room: str) -> list:
    """The shelves of a room."""
    return [{"shelf_id": 41, "wood": "oak"}]


def open_shelf(shelf_id: int) -> dict:
    """What stands on a shelf."""
    if shelf_id != 41:
        raise ValueError("there is no such shelf")
    return {"books": ["Atlas"], "locked": False}


def lost(key: str) -> str:
    """Nobody has the key."""
    raise PermissionError("wrong key")


ENVIRONMENT = FunctionEnvironment([list_shelves, open_shelf, lost])
LIST = "import json\nprint(json.dumps(list_shelves(room='hall')))"
GUESS = "import json\nprint(json.dumps(open_shelf(shelf_id=1)))"
CHAINED = "import json\nshelf = list_shelves(room='hall')[0]\nprint(json.dumps(open_shelf(shelf_id=shelf['shelf_id'])))"
LOST = "print(lost(key='a'))"


def instance(program, query="Show me."):
    return f"Query: {query}\n```python\n{program}\n```"


def heard(messages):
    found = ((kind, unfill(PROMPT.texts[kind], messages[-1].text)) for kind in KINDS)
    return next((kind, values) for kind, values in found if values is not None)


def explorer(messages):
    """A model that guesses ids at first, and takes them from known tools when it is shown these."""
    target = unfill(PROMPT.texts[heard(messages[:2])[0]], messages[1].text)
    kind, values = heard(messages[:2])
    if kind == "select":
        return "```output\n[1] list_shelves\n```" if '"list_shelves"' in values["known"] else "```output\n```"
    programs = {"list_shelves": LIST, "open_shelf": CHAINED if kind == "chain" else GUESS, "lost": LOST}
    return instance(programs[target["name"]])


def session_with(script, environment=ENVIRONMENT, **values):
    return Session({"main": Scripted(script)}, environment=environment, limits=Limits(calls=None), **values)


def play(script, probing=None, environment=ENVIRONMENT):
    session = session_with(script, environment)
    return probe_in(session, environment.tools(), probing or Probing()), session


def notes(session, action):
    return [step.values for step in session.steps if step.step == "note" and step.action == action]


def explorer_of(program):
    return lambda messages: instance(program)
