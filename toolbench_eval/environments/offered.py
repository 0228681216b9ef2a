"""Some tools of an environment, in an order of one's own: what an agent is offered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from toolbench_eval.environments.base import Arguments, Environment, Json, ToolResult, ToolSpec
from toolbench_eval.environments.toolbox import Toolbox
from toolbench_eval.errors import DataError


class OfferedEnvironment:
    """The tools of these names; a call of another tool of the environment is a call of a tool that does not exist."""

    def __init__(self, environment: Environment, names: Iterable[str]) -> None:
        """Choose tools.

        Raises:
            DataError: The environment has no tool of a name.
        """
        there = {tool.name: tool for tool in environment.tools()}
        wanted = list(names)
        if unknown := [name for name in wanted if name not in there]:
            raise DataError(f"the environment has no tool {', '.join(unknown)}")
        self._environment = environment
        self._box = Toolbox(there[name] for name in wanted)

    def tools(self) -> Sequence[ToolSpec]:
        """The tools, in the order of the names."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call one of them."""
        return self._box.call(name, arguments, self._run)

    def reset(self) -> None:
        """Reset the environment."""
        self._environment.reset()

    def snapshot(self) -> Json:
        """The state of the environment."""
        return self._environment.snapshot()

    def _run(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        return self._environment.call(tool.name, arguments)
