"""Language models that are asked something else than the agent says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.llms.base import GREEDY, LLM, Message, Reply, Sampling

Asked = tuple[Sequence[Message], Sampling]
Change = Callable[[Sequence[Message], Sampling, int], Asked]
"""Makes of messages, sampling and attempt what is asked in their place."""


@dataclass(frozen=True)
class AskedOtherwise:
    """A model behind a change; the response cache, which stands behind this, sees what is really asked."""

    llm: LLM
    change: Change

    @property
    def name(self) -> str:
        """The model's name."""
        return self.llm.name

    @property
    def identity(self) -> dict[str, Any]:
        """The model's identity."""
        return self.llm.identity

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """The answer to the changed question.

        Raises:
            EndpointError: The model did not answer.
        """
        asked, how = self.change(messages, sampling, attempt)
        return self.llm.complete(asked, how, attempt)
