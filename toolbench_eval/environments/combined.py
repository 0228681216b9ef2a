"""Several environments as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolbench_eval.environments.base import Arguments, Environment, Json, ToolResult, ToolSpec
from toolbench_eval.environments.toolbox import Toolbox


class CombinedEnvironment:
    """The tools of several environments; a call goes to the first that has the tool."""

    def __init__(self, environments: Sequence[Environment]) -> None:
        """Take the environments; a tool of one hides tools of the same name of those after it."""
        self._environments = tuple(environments)
        self._owners: dict[str, Environment] = {}
        tools = []
        for environment in self._environments:
            for tool in environment.tools():
                if tool.name not in self._owners:
                    self._owners[tool.name] = environment
                    tools.append(tool)
        self._box = Toolbox(tools)

    def tools(self) -> Sequence[ToolSpec]:
        """All tools."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call the tool of the environment that has it."""
        return self._box.call(name, arguments, self._run)

    def reset(self) -> None:
        """Reset all."""
        for environment in self._environments:
            environment.reset()

    def snapshot(self) -> Json:
        """The states of all, in order."""
        return [environment.snapshot() for environment in self._environments]

    def _run(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        return self._owners[tool.name].call(tool.name, arguments)
