"""Tools as a writer of programs is told of them: a function or an address, its arguments, the outline of its reply."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.shared.tool_prompting import NO_TOOLS, block, json_lines
from toolbench_eval.environments.base import Json, ToolSpec
from toolbench_eval.environments.program_calls import function_names
from toolbench_eval.environments.schemas import References
from toolbench_eval.errors import DataError

Calling = Literal["functions", "requests"]
"""How programs call tools: as functions, or, those that have an address, by `requests`."""

_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "NoneType"}
_ALTERNATIVES = ("anyOf", "oneOf")


@dataclass(frozen=True)
class Example:
    """A request that one tool answers, and the program that asks it."""

    query: str
    program: str


@dataclass(frozen=True)
class ToolDoc:
    """What is told of a tool.

    Attributes:
        name: As programs call it.
        spec: The tool.
        returns: Outline of its reply, None where nobody says.
        example: A use of it that worked.
    """

    name: str
    spec: ToolSpec
    returns: Json = None
    example: Example | None = None

    def full(self, calls: Calling) -> dict[str, Any]:
        """Everything."""
        told = self.short(calls) | {"parameters": _shown(self.spec.parameters)}
        if self.returns is not None:
            told["returns"] = self.returns
        if self.example is not None:
            told["example"] = {"query": self.example.query, "program": self.example.program}
        return told

    def short(self, calls: Calling) -> dict[str, Any]:
        """Name, address and description."""
        told: dict[str, Any] = {"name": self.name}
        if calls == "requests" and self.spec.url:
            told |= {"method": self.spec.method, "url": self.spec.url}
        return told | {"description": one_line(self.spec.description)}


def declared(specs: Sequence[ToolSpec], *, replies: bool = True) -> tuple[ToolDoc, ...]:
    """The documentation that tools come with, with what they say of their replies or without."""
    names = function_names(specs)
    return tuple(
        ToolDoc(name, spec, outline(spec.returns) if replies and spec.returns else None)
        for name, spec in zip(names, specs, strict=True)
    )


def full_block(docs: Sequence[ToolDoc], calls: Calling) -> str:
    """All that is known of tools in a block, a line of JSON for each."""
    return block("tools", json_lines(doc.full(calls) for doc in docs) or NO_TOOLS)


def short_block(docs: Sequence[ToolDoc], calls: Calling) -> str:
    """Names and descriptions in a block, a line of JSON for each."""
    return block("tools", json_lines(doc.short(calls) for doc in docs) or NO_TOOLS)


def example_call(doc: ToolDoc, calls: Calling) -> str:
    """A call of a tool with the arguments that it must have."""
    places = ", ".join(f"{name}=..." for name in doc.spec.required)
    if calls == "functions" or not doc.spec.url:
        return f"{doc.name}({places})"
    return f"requests.{doc.spec.method.lower()}({json.dumps(doc.spec.url)})"


def skeleton(value: Json) -> Json:
    """The shape of a reply: objects by key, of a list its first element, of other values the type's name.

    Source: Shi et al. 2024 (arXiv 2405.16533), black-box probing. Elements after the first are not looked at, so a
    list of several types shows one of them.
    """
    if isinstance(value, Mapping):
        return {str(key): skeleton(one) for key, one in value.items()}
    if isinstance(value, list):
        return [skeleton(value[0])] if value else []
    return type(value).__name__


def outline(schema: Mapping[str, Any]) -> Json:
    """The shape that a schema allows, as `skeleton` shows that of a value; `any` where it says nothing."""
    try:
        return _outline(References(schema).resolved(schema))
    except DataError:
        return _outline(schema)


def _outline(schema: Any) -> Json:
    if not isinstance(schema, Mapping):
        return "any"
    if isinstance(schema.get("properties"), Mapping):
        return {str(name): _outline(one) for name, one in schema["properties"].items()}
    for key in _ALTERNATIVES:
        if isinstance(schema.get(key), list) and schema[key]:
            return _either([_outline(one) for one in schema[key]])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return _either([_outline({**schema, "type": kind}) for kind in kinds])
    if kinds == "array":
        return [_outline(schema["items"])] if schema.get("items") else []
    return {} if kinds == "object" else _TYPES.get(str(kinds), "any")


def _either(shapes: Sequence[Json]) -> Json:
    """Several shapes as one: names of types side by side, else the first that has parts."""
    parts = [shape for shape in shapes if not isinstance(shape, str)]
    return parts[0] if parts else " | ".join(dict.fromkeys(shapes)) or "any"


def _shown(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key != "additionalProperties"}
