"""An agent, and tools that must not be called again, for tests of replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from toolbench_eval.agents.base import Answer, Protocols
from toolbench_eval.agents.session import Session
from toolbench_eval.data.questions import Sample
from toolbench_eval.environments.functions import FunctionEnvironment

CALLS: list[str] = []
"""Calls that were really made."""


def read(name: str) -> str:
    """Read a number that is written in letters of digits."""
    CALLS.append(name)
    return {"door": "42", "gate": "true", "wall": '{"a": 1}'}[name]


def count(name: str) -> int:
    """Count."""
    CALLS.append(name)
    return 42


def house(setup: Mapping[str, Any]) -> FunctionEnvironment:
    """A house with numbers on it."""
    return FunctionEnvironment([read, count])


@dataclass(frozen=True)
class Types:
    """Answers with the type of what the tools that stand in the request return, as a program would see it."""

    name: ClassVar[str] = "types"
    prompts: ClassVar[tuple[str, ...]] = ()
    protocols: ClassVar[Protocols] = {}

    def solve(self, sample: Sample, session: Session) -> Answer:
        named = [call.split(":") for call in sample.text.split()]
        kinds = [type(session.call(tool, {"name": name}).value).__name__ for tool, name in named]
        session.note("kinds", kinds=tuple(kinds))
        return Answer(" ".join(kinds))
