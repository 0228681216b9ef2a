"""Agents that share the work on one request, each with a role and perhaps a model of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.prompts import Prompt

NO_REPLY = "(nothing)"
"""Stands for an empty turn, which some endpoints refuse."""


@dataclass(frozen=True)
class Colleague:
    """One of the agents.

    Attributes:
        role: Which of the session's models plays it, and which system line (`system_<role>`) opens its prompts.
        prompt: Where its texts are.
        session: Whom to ask.
        max_tokens: Longest reply.
    """

    role: str
    prompt: Prompt
    session: Session
    max_tokens: int | None = None

    def opening(self, text: str, **values: object) -> list[Message]:
        """A conversation that begins with one of the texts."""
        return conversation(self.prompt.texts[f"system_{self.role}"], self.prompt.fill(text, **values))

    def ask(
        self,
        action: str,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        stop: tuple[str, ...] = (),
        attempt: int = 0,
    ) -> str:
        """What its model says."""
        sampling = Sampling(temperature, max_tokens=self.max_tokens, stop=stop)
        return self.session.ask(action, messages, sampling, role=self.role, attempt=attempt).text


def continued(messages: Sequence[Message], reply: str, text: str) -> list[Message]:
    """The conversation with a reply and what is said to it."""
    return [*messages, Message("assistant", reply.strip() or NO_REPLY), Message("user", text)]
