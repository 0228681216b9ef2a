"""Which tool an address belongs to: templates with `{variables}`, most specific first."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from toolbench_eval.environments.base import Json, ToolSpec
from toolbench_eval.environments.operations import VARIABLE

LITERAL, MIXED, OPEN = 0, 1, 2
"""How specific a segment is: text, text with a variable, a variable."""


@dataclass(frozen=True)
class Match:
    """The tool of an address, and the arguments that stand in it."""

    tool: ToolSpec
    arguments: dict[str, Any]


@dataclass(frozen=True)
class _Template:
    tool: ToolSpec
    host: str
    pattern: re.Pattern[str]
    short: re.Pattern[str]
    variables: tuple[str, ...]
    rank: tuple[int, ...]


class UrlTemplates:
    """Finds tools by method and address.

    Segments are compared from left to right, and text goes before variables: `/movie/top_rated` belongs to its own
    tool before `/movie/{movie_id}`.
    """

    def __init__(self, tools: Iterable[ToolSpec], ignored: Collection[str] = ()) -> None:
        """Take the tools that have an address.

        Args:
            tools: Tools; those without an address never match.
            ignored: Names in the query that are no arguments, such as a key.
        """
        templates = [_template(tool) for tool in tools if tool.url]
        self._templates = sorted(templates, key=lambda one: one.rank)
        self._ignored = frozenset(ignored)

    def match(self, method: str, url: str) -> Match | None:
        """The tool of an address, None if there is none.

        Args:
            method: HTTP method, in any case.
            url: An address with or without host; without, it is compared with the path as the document declares it.
        """
        try:
            parts = urlsplit(url.strip())
        except ValueError:  # what cannot be an address, such as half of a bracketed host
            return None
        path = parts.path.rstrip("/") or "/"
        for one in self._templates:
            if one.tool.method != method.upper() or (parts.netloc and parts.netloc.lower() != one.host):
                continue
            found = one.pattern.fullmatch(path) or (None if parts.netloc else one.short.fullmatch(path))
            if found:
                given = dict(zip(one.variables, map(unquote, found.groups()), strict=True))
                return Match(one.tool, self._read(one.tool, given, parts.query))
        return None

    def _read(self, tool: ToolSpec, variables: Mapping[str, str], query: str) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for name, text in [*variables.items(), *parse_qsl(query, keep_blank_values=True)]:
            if name in self._ignored:
                continue
            value = typed(text, tool.properties.get(name, {}))
            earlier = arguments.get(name)
            repeated = isinstance(earlier, list) and isinstance(value, list)
            arguments[name] = [*earlier, *value] if repeated and earlier is not None else value
        return arguments


def typed(text: str, schema: Mapping[str, Any]) -> Json:
    """A text as the type that a schema asks for, the text itself where it cannot be that."""
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "array" in kinds:
        return [typed(part, schema.get("items", {})) for part in text.split(",")]
    if "string" in kinds or not {"integer", "number", "boolean"} & set(kinds):
        return text
    try:
        value = json.loads(text.lower() if "boolean" in kinds else text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text


def _template(tool: ToolSpec) -> _Template:
    parts = urlsplit(tool.url)
    declared = tool.source.partition(" ")[2] or parts.path
    segments = [part for part in parts.path.split("/") if part]
    return _Template(
        tool,
        parts.netloc.lower(),
        _pattern(parts.path),
        _pattern(declared if declared.startswith("/") else parts.path),
        tuple(VARIABLE.findall(parts.path)),
        tuple(LITERAL if "{" not in one else OPEN if VARIABLE.fullmatch(one) else MIXED for one in segments),
    )


def _pattern(path: str) -> re.Pattern[str]:
    pieces = VARIABLE.split(path.rstrip("/") or "/")
    return re.compile("".join(re.escape(piece) if at % 2 == 0 else "([^/]+)" for at, piece in enumerate(pieces)))
