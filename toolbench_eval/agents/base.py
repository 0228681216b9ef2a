"""What an agent is: a plain algorithm whose options are its fields.

    @dataclass(frozen=True)
    class Rag:
        '''Search once, then answer.'''

        k: int = option(5, "passages that are shown")

        name: ClassVar[str] = "rag"
        prompts: ClassVar[tuple[str, ...]] = ("rag-1",)
        protocols: ClassVar[Protocols] = {"paper": {"k": 3}}

        def solve(self, sample: Sample, session: Session) -> Answer: ...

`--set k=3` sets an option; a protocol sets a bundle of them. Every option is recorded in the result, and so are the
versions and digests of the prompts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.data.questions import Sample

Protocols = Mapping[str, Mapping[str, Any]]
"""Options that differ from the defaults under `paper` and under `released`."""


@dataclass(frozen=True)
class Answer:
    """What an agent came to.

    Attributes:
        text: The answer, None if the agent has none.
        stop_reason: Why it ended.
        raw: The text that the answer was taken from.
    """

    text: str | None
    stop_reason: StopReason = "answered"
    raw: str = ""


@runtime_checkable
class Agent(Protocol):
    """Solves one sample; a frozen dataclass whose fields are its options.

    One object solves many samples in many threads: it keeps nothing between them.

    Two more class attributes may say what it works with: `searches = True` if it searches passages (it then gets a
    default retriever), `roles` the names for which `--llm ROLE=L` may give it a model of their own.
    """

    name: ClassVar[str]
    prompts: ClassVar[tuple[str, ...]]
    protocols: ClassVar[Protocols]

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Solve a sample.

        Args:
            sample: What is asked; nothing gold.
            session: Language models, search and tools; whatever goes through it is recorded.
        """


def option(default: Any, help: str) -> Any:
    """A field of an agent that a user may set, with the line that `agents show` prints."""
    return field(default=default, metadata={"help": help})
