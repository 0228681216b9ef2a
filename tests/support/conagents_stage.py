"""A stage for ConAgents: an archive of films, and a model that says its lines in order."""

from __future__ import annotations

import json

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall, Note, ToolCall
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.toolbox import ToolError
from toolbench_eval.llms.scripted import Scripted

SAMPLE = Sample("q1", "Who plays the captain in The Grey Boat?", "text")
RAW = "RAW-RESPONSE"


def find_film(title: str) -> list[dict[str, object]]:
    """Find films by title.

    Args:
        title: The title.
    """
    return [{"film_id": 7, "title": title, "note": RAW}]


def film_cast(film_id: int) -> dict[str, object]:
    """List who plays whom in a film.

    Args:
        film_id: Id of the film.
    """
    if film_id != 7:
        raise ToolError(f"film {film_id} is not known")
    crowd = [{"role": f"sailor {number}", "actor": f"Extra {number}"} for number in range(300)]
    return {"film_id": film_id, "cast": [*crowd, {"role": "captain", "actor": "Ida Moss"}]}


def request(**arguments):
    return json.dumps({"arguments": arguments, "output_instructions": "the value", "description": "a film"})


def choose(tool, thought="next"):
    return f"Thought: {thought}\nTool: {tool}\nExpected: something"


def fenced(program):
    return f"```python\n{program}\n```"


FINAL = "Thought: done\nFinal Answer: Ida Moss"
FIND, CAST = choose("find_film", "find the film"), choose("film_cast", "find the cast of film 7")
PRINTS = fenced("print([one['actor'] for one in response['cast'] if one['role'] == 'captain'])")


class Scene:
    """A run in which the model says these lines in order, and what became of it."""

    def __init__(self, agent, *lines, functions=(find_film, film_cast), sample=SAMPLE):
        left = list(lines)
        self.asked = []

        def speak(messages):
            self.asked.append(messages)
            return left.pop(0)

        self.session = Session({"main": Scripted(speak)}, environment=FunctionEnvironment(functions))
        self.answer = agent.solve(sample, self.session)
        self.left = left

    @property
    def order(self):
        """Calls by action and calls of tools by name."""
        steps = [step for step in self.session.steps if not isinstance(step, Note)]
        return [step.action if isinstance(step, LLMCall) else step.name for step in steps]

    @property
    def roles(self):
        return [step.role for step in self.session.steps if isinstance(step, LLMCall)]

    @property
    def calls(self):
        return [step for step in self.session.steps if isinstance(step, ToolCall)]

    def notes(self, action):
        return [step.values for step in self.session.steps if isinstance(step, Note) and step.action == action]

    def prompts(self, role):
        """All that a role was told."""
        calls = [step for step in self.session.steps if isinstance(step, LLMCall)]
        return [
            "\n".join(m.text for m in asked) for asked, call in zip(self.asked, calls, strict=True) if call.role == role
        ]
