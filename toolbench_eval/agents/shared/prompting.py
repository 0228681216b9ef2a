"""Small things that several agents' prompts are made of."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.data.passages import Passage
from toolbench_eval.llms.base import Message


def conversation(system: str, user: str) -> list[Message]:
    """A system line and a request."""
    return [Message("system", system), Message("user", user)]


def numbered(passages: Sequence[Passage], first: int = 1) -> str:
    """Passages as a model is shown them, each with its number in brackets, parted by an empty line.

    [1] Title: Ada Lovelace
    Text: ...
    """
    return "\n\n".join(f"[{number}] {_shown(passage)}" for number, passage in enumerate(passages, start=first))


def _shown(passage: Passage) -> str:
    text = " ".join(passage.text.split())
    return f"Title: {passage.title}\nText: {text}" if passage.title else f"Text: {text}"
