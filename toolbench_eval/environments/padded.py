"""An environment among whose tools are some of elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolbench_eval.environments.base import Arguments, Environment, Json, ToolResult, ToolSpec


@dataclass(frozen=True)
class Padded:
    """An environment with tools of elsewhere; its state is that of the environment itself.

    Attributes:
        all: The environment with the other tools.
        own: The environment alone.
    """

    all: Environment
    own: Environment

    def tools(self) -> Sequence[ToolSpec]:
        """The tools, those of elsewhere among them."""
        return self.all.tools()

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool."""
        return self.all.call(name, arguments)

    def reset(self) -> None:
        """Reset the environment."""
        self.all.reset()

    def snapshot(self) -> Json:
        """The state of the environment alone: gold states know of no other tools."""
        return self.own.snapshot()
