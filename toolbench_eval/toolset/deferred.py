"""An environment that is made when it is first needed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from toolbench_eval.environments.base import Arguments, Environment, Json, ToolResult, ToolSpec
from toolbench_eval.environments.toolbox import Toolbox


class Closable(Environment, Protocol):
    """An environment that holds a connection or a process."""

    def close(self) -> None:
        """End it."""


class DeferredEnvironment:
    """Tools that are known; who executes them is opened at the first call.

    A task makes an environment for every problem, also to look at its tools. What was opened is closed with the
    object.
    """

    def __init__(self, tools: Iterable[ToolSpec], make: Callable[[], Closable]) -> None:
        """Take the tools.

        Raises:
            DataError: Two have the same name, or a schema is none.
        """
        self._box, self._make = Toolbox(tools), make
        self._opened: Closable | None = None

    def tools(self) -> Sequence[ToolSpec]:
        """The tools; nothing is opened."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool; the first call opens the environment.

        Raises:
            OutsideError: It cannot be opened.
        """
        return self._box.call(name, arguments, self._run, "live")

    def reset(self) -> None:
        """Go back to the state before the first call."""
        if self._opened is not None:
            self._opened.reset()

    def snapshot(self) -> Json:
        """The state, None before the first call."""
        return None if self._opened is None else self._opened.snapshot()

    def _run(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        if self._opened is None:
            self._opened = self._make()
            weakref.finalize(self, self._opened.close)
        return self._opened.call(tool.name, arguments)
