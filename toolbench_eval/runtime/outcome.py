"""What an agent is given, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from toolbench_eval.llms.base import LLM

Result = Mapping[str, Any]


class Item(Protocol):
    """A sample; `targets`, a sequence of strings, is in the log where there is such a field."""

    @property
    def id(self) -> str:
        """Different from all others."""

    @property
    def text(self) -> str:
        """Input as the log shows it."""


ItemT = TypeVar("ItemT", bound=Item)
Solve = Callable[[ItemT, Mapping[str, LLM]], Result]


@dataclass(frozen=True)
class Outcome(Generic[ItemT]):
    """What became of a sample.

    Attributes:
        item: The sample.
        result: What the agent gave.
        logged: The same as the log holds it.
        error: Why there is no result.
    """

    item: ItemT
    result: Result = field(default_factory=dict)
    logged: Result = field(default_factory=dict)
    error: Exception | None = None
