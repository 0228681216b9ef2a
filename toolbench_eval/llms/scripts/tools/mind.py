"""The scripted model's mind for tools: which call comes next, or what the answer is, from words alone.

It knows no tool by heart. It takes the tool whose description fits the request best, fills its arguments from the
request and from earlier results, and calls other tools first where an argument is missing. It is easily misled: by
questions that compare or add up, by conditions, by two things of the same kind in one request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from toolbench_eval.environments.base import canonical, json_or_text
from toolbench_eval.llms.scripts.tools.answers import Reading, behind, focus, is_id, read_answer, said, summary
from toolbench_eval.llms.scripts.tools.filling import Filler, properties, required, role
from toolbench_eval.llms.scripts.tools.values import Field, fields
from toolbench_eval.llms.scripts.tools.words import (
    CHANGES,
    DATED,
    Vocabulary,
    asks,
    clauses,
    stem,
    stems,
    verbs_of,
    words,
)

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


def conclusion(request: str, done: Sequence[DoneCall]) -> str | None:
    """The answer that the results give by themselves, without another look at the tools; None where they give none."""
    found = [one for at, call in enumerate(done) if call.ok for one in fields(call.result_text, at)]
    for last in sorted({one.call for one in found}, reverse=True):
        if not asks(request):
            return summary(next(one.record for one in found if one.call == last))
        reading = read_answer(request, found, last)
        if reading is not None and (reading.asked or last == 0):
            return (behind(reading.field, found) if is_id(reading.field.key) else None) or said(reading.field.value)
    return None


class _Mind:
    """One look at a request, its tools and what was done."""

    def __init__(self, request: str, tools: Sequence[ToolView], done: Sequence[DoneCall]) -> None:
        self.request, self.tools, self.done = request, {tool.name: tool for tool in tools}, done
        self.vocabulary = Vocabulary(tools)
        self.filler = Filler(request, self.vocabulary, tools)
        self.tried = {(one.tool, canonical(one.arguments)) for one in done}
        self.dead_ends: set[tuple[str, str]] = set()
        """Tools that lead nowhere for a clause: the ways between many tools are too many to try all."""

    @cached_property
    def fields(self) -> list[Field]:
        """The values in the results."""
        return [one for at, call in enumerate(self.done) if call.ok for one in fields(call.result_text, at)]

    def move(self) -> Move:
        """The next call, or the end."""
        answers: list[str] = []
        for clause in clauses(self.request, self.tools.values()):
            weak: list[str] = []
            for goal in self.goals(clause):
                step = self.towards(goal, clause, (goal.name,)) or self.outcome(goal, clause)
                if isinstance(step, Move):
                    return step
                if step is not None and step.asked:
                    answers.append(step.text)
                    break
                weak += [step.text] if step is not None else []
            else:
                answers += weak[:1]
        if not answers:
            return Move(None, {}, None, "None of the tools gets me there.")
        return Move(None, {}, answers[-1], "That is what was asked for.")

    def plan(self) -> list[str]:
        """Tools in the order in which they seem to be needed."""
        steps: list[str] = []
        for clause in clauses(self.request, self.tools.values()):
            for goal in self.goals(clause):
                outcome = self.outcome(goal, clause)
                if isinstance(outcome, Move):
                    steps.append(str(outcome.tool))
                elif outcome is None:
                    way = self._way(goal, clause, (goal.name,))
                    if way is None:
                        continue
                    steps += [*way, *self._behind(goal, clause)]
                break
        return list(dict.fromkeys(steps))

    def _way(self, tool: ToolView, clause: str, stack: tuple[str, ...]) -> list[str] | None:
        """A tool with those before it that bring its arguments; None where there is no way to it."""
        if (tool.name, clause) in self.dead_ends or self.hopeless(tool):
            return None
        steps: list[str] = []
        for name in self.filler.unfilled(tool, clause, self.fields):
            producers = self.producers(tool, name, clause, stack)
            ways = (self._way(one, clause, (*stack, one.name)) for one in producers)
            way = next((one for one in ways if one is not None), None)
            if way is None:
                self.dead_ends.add((tool.name, clause))
                return None
            steps += way
        return [*steps, tool.name]

    def _behind(self, goal: ToolView, clause: str) -> list[str]:
        """The tool that names who stands behind an id, where a clause asks who it is."""
        linked = [
            name
            for key, name in self.filler.links.items()
            if key in goal.description and role(key) & set(stems(clause)) and "who" in words(clause)
        ]
        return [tool.name for tool in self.tools.values() if linked and required(tool) == linked[:1]][:1]

    def hopeless(self, tool: ToolView) -> bool:
        """Whether a tool was called, and nothing came of it."""
        calls = [one for one in self.done if one.tool == tool.name]
        return bool(calls) and not any(one.bore_fruit for one in calls)

    def goals(self, clause: str) -> list[ToolView]:
        """The tools that a clause seems to be about, the likeliest first."""
        wanted = dict.fromkeys(stems(clause), 1.0)
        if asks(clause):
            wanted |= dict.fromkeys(focus(clause), 2.5)
        scored = [(self._likely(tool, clause, wanted), tool) for tool in self.tools.values()]
        verb = next((stem(word) for word in words(clause)), "")
        bidden = [] if asks(clause) else [one for one in scored if verb in verbs_of(one[1])]
        ranked = sorted(bidden or scored, key=lambda one: -one[0])
        return [tool for score, tool in ranked if score > 0][:MOST_GOALS]

    def _likely(self, tool: ToolView, clause: str, wanted: Mapping[str, float]) -> float:
        score = self.vocabulary.relevance(tool, wanted)
        if asks(clause) and verbs_of(tool) & CHANGES:
            score *= 0.2
        return score * 0.3 if self._dated(tool) else score

    def _dated(self, tool: ToolView) -> bool:
        return bool(DATED & set(stems(f"{tool.name} {tool.description}")) - set(stems(self.request)))

    def towards(self, tool: ToolView, clause: str, stack: tuple[str, ...]) -> Move | None:
        """A call of a tool, or of one that brings what its arguments lack; None where there is nothing left to do."""
        calls = [one for one in self.done if one.tool == tool.name]
        if (tool.name, clause) in self.dead_ends or len(calls) >= MOST_TRIES or any(one.bore_fruit for one in calls):
            return None
        for arguments in self.filler.arguments(tool, clause, self.fields):
            if (tool.name, canonical(arguments)) not in self.tried:
                return Move(tool.name, arguments, None, f"{tool.name} may bring what is asked for.")
        for name in self.filler.lacking(tool, clause, self.fields):
            for producer in self.producers(tool, name, clause, stack):
                step = self.towards(producer, clause, (*stack, producer.name))
                if step is not None:
                    return step
        self.dead_ends.add((tool.name, clause))
        return None

    def producers(self, tool: ToolView, name: str, clause: str, stack: Sequence[str]) -> list[ToolView]:
        """The tools that may bring a value for an argument, the likeliest first."""
        described = str(properties(tool)[name].get("description", ""))
        scored = []
        for one in self.tools.values():
            score = 5.0 if re.search(rf"\b{re.escape(one.name)}\b", described) else 0.0
            score += self._brings(one, name, clause) - (5.0 if verbs_of(one) & CHANGES else 0.0)
            if score >= 2 and one.name not in stack and not self._dated(one):
                scored.append((score + 0.01 * self.vocabulary.relevance(one, dict.fromkeys(stems(clause), 1.0)), one))
        return [one for _, one in sorted(scored, key=lambda pair: -pair[0])]

    def _brings(self, tool: ToolView, name: str, clause: str) -> float:
        """How much a description says that a tool gives what an argument needs."""
        said = set(words(tool.description)) | set(words(tool.name))
        score = 2.0 if set(words(name)) <= said else 0.0
        for key, linked in self.filler.links.items():
            if linked == name and key in tool.description and role(key) & set(stems(clause)):
                score += 7.0
        return score

    def outcome(self, goal: ToolView, clause: str) -> Move | _Outcome | None:
        """What a tool that was called brought for a clause, or the call that its answer still needs."""
        last = max((at for at, one in enumerate(self.done) if one.tool == goal.name and one.bore_fruit), default=None)
        if last is None:
            return None
        if not asks(clause):
            record = next((one.record for one in self.fields if one.call == last), {})
            return _Outcome(summary(record) or "done", True)
        reading = read_answer(clause, self.fields, last)
        if reading is None:
            return None
        if is_id(reading.field.key) and "id" not in words(clause):
            return self._named(reading)
        return _Outcome(said(reading.field.value), reading.asked)

    def _named(self, reading: Reading) -> Move | _Outcome | None:
        """The name of what an id stands for, or the call that brings it."""
        name = behind(reading.field, self.fields)
        if name is not None:
            return _Outcome(name, reading.asked)
        wanted, value = self.filler.links.get(reading.field.key, reading.field.key), reading.field.value
        for tool in self.tools.values():
            known = required(tool) != [wanted] or (tool.name, canonical({wanted: value})) in self.tried
            if not known and not verbs_of(tool) & CHANGES:
                return Move(tool.name, {wanted: value}, None, f"{value} has to be looked up.")
        return None


@dataclass(frozen=True)
class _Outcome:
    """What was found for a clause, and whether its name is what was asked for."""

    text: str
    asked: bool
