"""Asking until the reply can be read, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.llms.base import GREEDY, Message, Sampling

_T = TypeVar("_T")
RETRIES = 2
"""Times that an unreadable reply is asked for again, where the user does not say."""


def ask_until_read(
    session: Session,
    action: str,
    messages: Sequence[Message],
    read: Callable[[str], _T | None],
    *,
    reminder: str,
    retries: int = RETRIES,
    passages: int = 0,
    sampling: Sampling = GREEDY,
) -> tuple[_T | None, str]:
    """Ask; while the reply cannot be read, show it to the model with a reminder of the form and ask again.

    Args:
        session: Whom to ask.
        action: What is asked for; asking again is recorded as `retry`.
        messages: The conversation.
        read: Makes a value of a reply, None where it cannot.
        reminder: What is wanted, in other words.
        retries: Times it is asked again.
        passages: How many passages the messages show.
        sampling: How replies are drawn.

    Returns:
        The value, None if no reply could be read, and the last reply.
    """
    asked = list(messages)
    for attempt in range(retries + 1):
        name = action if attempt == 0 else "retry"
        reply = session.ask(name, asked, sampling, attempt=attempt, passages=passages).text
        value = read(reply)
        if value is not None:
            break
        # Some endpoints refuse an empty turn.
        asked = [*messages, Message("assistant", reply.strip() or "(nothing)"), Message("user", reminder)]
    return value, reply


def as_answer(text: str | None, raw: str, reason: StopReason = "answered") -> Answer:
    """The answer of a last call; without one, that call could not be read."""
    return Answer(text, "parse_error" if text is None else reason, raw)
