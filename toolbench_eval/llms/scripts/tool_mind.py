"""The scripted model's mind for tools: which call comes next, or what the answer is, from words alone.

It knows no tool by heart. It takes the tool whose description fits the request best, fills its arguments from the
request and from earlier results, and calls other tools first where an argument is missing. It is easily misled: by
questions that compare or add up, by conditions, by two things of the same kind in one request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from toolbench_eval.environments.base import canonical, json_or_text
from toolbench_eval.llms.scripts.tool_answers import Reading, focus, read_answer, said, summary
from toolbench_eval.llms.scripts.tool_filling import Filler
from toolbench_eval.llms.scripts.tool_values import Field, fields
from toolbench_eval.llms.scripts.tool_words import CHANGES, DATED, Vocabulary, asks, clauses, stem, stems, verbs_of, words

MOST_TRIES = 4
"""Calls of one tool that fail or bring nothing before it is given up."""
MOST_GOALS = 4
"""Tools that are tried for one clause."""


@dataclass(frozen=True)
class ToolView:
    """A tool as a prompt shows it.

    Attributes:
        name: As calls name it.
        description: What it does.
        parameters: JSON schema of its arguments, an object.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DoneCall:
    """A call that was made.

    Attributes:
        tool: Tool as it was called.
        arguments: What it was given.
        result_text: What came back.
        ok: Whether that is an answer and no error.
    """

    tool: str
    arguments: Mapping[str, Any]
    result_text: str
    ok: bool = True

    @property
    def bore_fruit(self) -> bool:
        """Whether something came of it: neither an error nor an empty answer."""
        return self.ok and json_or_text(self.result_text) not in ([], {}, "", None)


@dataclass(frozen=True)
class Move:
    """What to do next: a call, or, where `tool` is None, an end.

    Attributes:
        tool: Tool to call.
        arguments: With these arguments.
        answer: The final answer; None where nothing came of it all, and in calls.
        thought: Why.
    """

    tool: str | None
    arguments: dict[str, Any]
    answer: str | None
    thought: str


def next_move(request: str, tools: Sequence[ToolView], done: Sequence[DoneCall]) -> Move:
    """What to do next for a request.

    Args:
        request: The user's words.
        tools: What may be called.
        done: Calls so far, in order.
    """
    return _Mind(request, tools, done).move()


def planned(request: str, tools: Sequence[ToolView], done: Sequence[DoneCall] = ()) -> list[str]:
    """Names of the tools that the request seems to need from here on, in order; a guess, made before any call."""
    return _Mind(request, tools, done).plan()


class _Mind:
    def __init__(self, request: str, tools: Sequence[ToolView], done: Sequence[DoneCall]) -> None:
        self.request, self.tools, self.done = request, {tool.name: tool for tool in tools}, done
        self.vocabulary = Vocabulary(tools)
        self.filler = Filler(request, self.vocabulary, tools)
        self.tried = {(one.tool, canonical(one.arguments)) for one in done}

    @cached_property
    def fields(self) -> list[Field]:
        return [one for at, call in enumerate(self.done) if call.ok for one in fields(call.result_text, at)]

    def move(self) -> Move:
        answers: list[str] = []
        for clause in clauses(self.request, self.tools.values()):
            for goal in self.goals(clause):
                move = self.towards(goal, clause, (goal.name,))
                if move is not None:
                    return move
                ended = self.ended(goal, clause)
                if isinstance(ended, Move):
                    return ended
                if ended is not None:
                    answers.append(ended)
                    break
        if not answers:
            return Move(None, {}, None, "None of the tools gets me there.")
        return Move(None, {}, answers[-1], "That is all that was asked for.")

    def plan(self) -> list[str]:
        steps: list[str] = []
        for clause in clauses(self.request, self.tools.values()):
            for goal in self.goals(clause)[:1]:
                self._plan(goal, clause, steps, (goal.name,))
        return steps

    def _plan(self, tool: ToolView, clause: str, steps: list[str], stack: tuple[str, ...]) -> None:
        for name in self.filler.unfilled(tool, clause, self.fields):
            producer = next(iter(self.producers(name, tool, clause, stack)), None)
            if producer is not None and producer.name not in steps:
                self._plan(producer, clause, steps, (*stack, producer.name))
        if tool.name not in steps:
            steps.append(tool.name)
