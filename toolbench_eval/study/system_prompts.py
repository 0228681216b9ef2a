"""The system prompt: another text in the place of the agent's own, or before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.errors import UnknownNameError
from toolbench_eval.llms.base import LLM, Message, Sampling
from toolbench_eval.prompts import load_prompt
from toolbench_eval.study.asking import Asked, AskedOtherwise

PROMPT = "study-system-1"
EMPTY = "empty"
WITH_OWN = "+own"
"""Ending of levels that leave the agent's own system prompt behind the other text."""


@dataclass(frozen=True)
class SystemPrompt:
    """Every conversation begins with this text.

    Attributes:
        level: Name of the text; with the ending `+own` the agent's own follows it.
        text: The text, empty for no system prompt.
    """

    level: str
    text: str

    @property
    def setting(self) -> Mapping[str, Any]:
        """Its name, and the digest of the text."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:16]
        return {"factor": "system-prompt", "level": self.level, "text": digest}

    def llm(self, llm: LLM) -> LLM:
        """The model that is told so."""

        def prompted(messages: Sequence[Message], sampling: Sampling, attempt: int) -> Asked:
            own = [message.text for message in messages if message.role == "system"]
            texts = [self.text, *(own if self.level.endswith(WITH_OWN) else ())]
            opening = "\n\n".join(text for text in texts if text)
            others = [message for message in messages if message.role != "system"]
            return [*([Message("system", opening)] if opening else []), *others], sampling

        return AskedOtherwise(llm, prompted)


def system_prompt(level: str, own: Mapping[str, str]) -> SystemPrompt:
    """The system prompt of a name.

    Args:
        level: Name, perhaps with the ending `+own`.
        own: Texts of the study itself by name; they go before ours.

    Raises:
        UnknownNameError: There is no such text.
    """
    texts = {EMPTY: "", **load_prompt(PROMPT).texts, **own}
    name = level.removesuffix(WITH_OWN)
    if name not in texts:
        raise UnknownNameError("system prompt", name, texts, "Own ones stand in [system-prompts].")
    return SystemPrompt(level, texts[name])
