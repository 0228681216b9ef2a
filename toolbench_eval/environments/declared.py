"""Tools of which only the declaration is known: calls are checked and noted, and nothing is executed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolbench_eval.environments.base import Arguments, Json, ToolResult, ToolSpec
from toolbench_eval.environments.toolbox import Toolbox
from toolbench_eval.errors import DataError

NOTED = {"status": "noted", "message": "the call is well-formed; this task executes no calls, so there is no result"}


class DeclaredEnvironment:
    """Every call that fits its schema gets the same reply, which says that nothing was executed.

    The source of that reply is `simulated`, so that no measure takes it for an answer.
    """

    def __init__(self, tools: Iterable[ToolSpec]) -> None:
        """Take the tools.

        Raises:
            DataError: Two have the same name, or a schema is none.
        """
        self._box = Toolbox(tools)

    def tools(self) -> Sequence[ToolSpec]:
        """The tools."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Check a call."""
        return self._box.call(name, arguments, self._run, "simulated")

    def reset(self) -> None:
        """There is no state."""

    def snapshot(self) -> Json:
        """There is no state."""
        return None

    def _run(self, tool: ToolSpec, arguments: Mapping[str, Any]) -> ToolResult:
        return ToolResult("ok", dict(NOTED), NOTED["message"], None, "simulated")


def declared_tools(records: Iterable[Mapping[str, Any]]) -> list[ToolSpec]:
    """Tools of descriptions with `name`, `description`, `parameters` (a JSON schema) and `category`.

    Of equal names the first counts.

    Raises:
        DataError: A description has no name.
    """
    tools: dict[str, ToolSpec] = {}
    for record in records:
        if not isinstance(record.get("name"), str):
            raise DataError("a tool needs a name", field="tools")
        parameters = record.get("parameters") or {"type": "object", "properties": {}}
        spec = ToolSpec(
            record["name"],
            str(record.get("description", "")),
            parameters,
            source="declared",
            category=str(record.get("category") or ""),
        )
        tools.setdefault(spec.name, spec)
    return list(tools.values())
