"""An environment in which some calls were made before the agent comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolbench_eval.environments.base import Arguments, Environment, Json, ToolResult, ToolSpec


class BegunEnvironment:
    """Makes some calls at the beginning; a reset goes back to the moment after them."""

    def __init__(self, environment: Environment, calls: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Make the calls; what comes of them is not looked at."""
        self._environment, self._calls = environment, tuple(calls)
        self._begin()

    def tools(self) -> Sequence[ToolSpec]:
        """The tools of the environment."""
        return self._environment.tools()

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool."""
        return self._environment.call(name, arguments)

    def reset(self) -> None:
        """Reset the environment and make the calls again."""
        self._environment.reset()
        self._begin()

    def snapshot(self) -> Json:
        """The state of the environment."""
        return self._environment.snapshot()

    def _begin(self) -> None:
        for name, arguments in self._calls:
            self._environment.call(name, arguments)
