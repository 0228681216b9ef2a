"""The way every environment answers a call: find the tool, check the arguments, run it, catch what it raises."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from toolbench_eval.environments.base import (
    Arguments,
    ErrorKind,
    Json,
    Source,
    ToolResult,
    ToolSpec,
    cut,
    failure,
    portable,
)
from toolbench_eval.errors import DataError, EvalHarnessError, UsageError

INSTALL = "calls of tools are checked by jsonschema: pip install 'toolbench-eval[agents]'"
SHOWN = 500
"""Characters of one complaint about the arguments; it may quote them."""

Run = Callable[[ToolSpec, dict[str, Any]], ToolResult]


class ToolError(Exception):
    """A failure that a tool wants to be read as it says it; any other exception is a `tool_error` with its type."""

    def __init__(self, message: str, kind: ErrorKind = "tool_error", value: Json = None) -> None:
        """Set the text, the kind, and perhaps a value that says more (see `base.failure`)."""
        super().__init__(message)
        self.message, self.kind, self.value = message, kind, value


class Toolbox:
    """Tools by name, with checks of their arguments."""

    def __init__(self, tools: Iterable[ToolSpec]) -> None:
        """Take the tools.

        Raises:
            DataError: Two have the same name, or a schema is none.
            UsageError: jsonschema is not installed.
        """
        self.tools = tuple(tools)
        self._by_name = {tool.name: tool for tool in self.tools}
        if len(self._by_name) < len(self.tools):
            names = [tool.name for tool in self.tools]
            doubled = sorted({name for name in names if names.count(name) > 1})
            raise DataError(f"several tools have the same name: {', '.join(doubled)}")
        self._checks = {tool.name: _checked_schema(tool) for tool in self.tools}

    def call(self, name: str, arguments: Arguments, run: Run, source: Source = "local") -> ToolResult:
        """Answer a call.

        Args:
            name: As the model wrote it.
            arguments: An object, or the text of one.
            run: Answers a call whose arguments fit; may raise whatever it likes.
            source: Who is asked; stands in the results of calls that fail.

        Raises:
            EvalHarnessError: What `run` raises of these, and nothing else.
        """
        began = time.perf_counter()
        try:
            tool = self._find(name)
            result = run(tool, self._read(tool, arguments))
        except ToolError as error:
            result = failure(error.kind, error.message, source, error.value)
        except EvalHarnessError:  # a disk or an endpoint of ours: not the tool's answer
            raise
        except RecursionError:
            result = failure("tool_error", "the value is nested too deeply", source)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a tool raises is its answer
            result = failure("tool_error", f"{type(error).__name__}: {error}", source)
        return replace(result, seconds=time.perf_counter() - began)

    def _find(self, name: str) -> ToolSpec:
        found = self._by_name.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self._by_name, n=3)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise ToolError(f"there is no tool '{cut(name, SHOWN)}'.{hint}", "unknown_tool")
        return found

    def _read(self, tool: ToolSpec, arguments: Arguments) -> dict[str, Any]:
        values = parse_arguments(arguments)
        problems = sorted(self._checks[tool.name].iter_errors(values), key=lambda problem: list(map(str, problem.path)))
        if problems:
            listed = "; ".join(_complaint(problem) for problem in problems)
            raise ToolError(f"invalid arguments for {tool.name}: {listed}", "invalid_arguments")
        return values


def parse_arguments(arguments: Arguments) -> dict[str, Any]:
    """The arguments as an object of their own; an empty text is one without entries, as models write it.

    Raises:
        ToolError: They are no JSON object.
    """
    try:
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        values = portable(json.loads(text)) if text.strip() else {}
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolError(f"the arguments are not JSON: {error}", "malformed_arguments") from error
    if not isinstance(values, dict):
        raise ToolError(f"the arguments must be a JSON object, found {cut(text, SHOWN)}", "malformed_arguments")
    return values


def _checked_schema(tool: ToolSpec) -> Any:
    try:
        return _validator(json.dumps(tool.parameters))
    except ImportError:
        raise UsageError(INSTALL) from None
    except ValueError as error:
        raise DataError(f"the schema of tool '{tool.name}' is none: {error}") from error


@lru_cache(maxsize=4096)  # samples share their tools
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator, SchemaError
    from referencing import Registry

    read = json.loads(schema)
    try:
        Draft202012Validator.check_schema(read)
    except SchemaError as error:
        raise ValueError(f"at '{'/'.join(map(str, error.path))}': {error.message}") from error
    # An empty registry: by default a `$ref` to an address is fetched from it.
    registry: Any = Registry()
    return Draft202012Validator(read, registry=registry)


def _complaint(problem: Any) -> str:
    where = ".".join(map(str, problem.path))
    return cut(f"{where}: {problem.message}" if where else problem.message, SHOWN)
