"""The scripted model's mind for tools: which call comes next, or what the answer is, from words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


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
    return Move(None, {}, None, "No tool helps.")
