"""What an environment is here: tools with schemas in; one result for every call, whatever the model wrote.

A call never raises for a model's mistake: an unknown tool, arguments that are no JSON or do not fit the schema, and a
tool that fails all give a result whose text is what a real API would answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

Json: TypeAlias = Any
"""A value of JSON: None, bool, int, float, str, list or dict with string keys."""

Arguments: TypeAlias = Mapping[str, Any] | str
"""The arguments of a call: an object, or the text that a model wrote for one."""

Status = Literal["ok", "cut", "error"]
Source = Literal["live", "recorded", "nearest", "simulated", "local"]
ErrorKind = Literal[
    "unknown_tool",
    "malformed_arguments",
    "invalid_arguments",
    "tool_error",
    "timeout",
    "unavailable",
    "unauthorized",
    "rate_limited",
    "too_large",
    "miss",
    "refused",
    "call_limit",
]


@dataclass(frozen=True)
class ToolSpec:
    """What a model is told of a tool.

    Attributes:
        name: As calls name it.
        description: What it does.
        parameters: JSON schema of the arguments, an object.
        returns: JSON schema of the value, None where nobody says.
        mutating: Whether a call may change something.
        method: HTTP method, empty for other tools.
        url: HTTP address with `{variables}`, empty for other tools.
        source: Where it is declared, e.g. `GET /movie/{movie_id}` of an OpenAPI document.
        category: What its source groups it by (ToolBench's category, the first tag or resource of a REST service),
            empty where nobody says. Models are not told; it decides which other tools are of the same kind.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    returns: Mapping[str, Any] | None = None
    mutating: bool = False
    method: str = ""
    url: str = ""
    source: str = ""
    category: str = ""

    @property
    def properties(self) -> Mapping[str, Any]:
        """Schemas of the arguments by name, in the order of the declaration."""
        properties: Mapping[str, Any] = self.parameters.get("properties", {})
        return properties

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the arguments that every call must have."""
        return tuple(self.parameters.get("required", ()))


@dataclass(frozen=True)
class ToolResult:
    """What came of a call.

    Attributes:
        status: `ok`; `cut`, an answer of which only the beginning is here; or `error`.
        value: The answer as a JSON value; of a cut answer the text, of an error an object with `error`.
        text: The answer as the model is shown it.
        error: What kind of error it is; `too_large` where the answer was cut; else None.
        source: Who answered: a live service, a recording, the nearest recording, a simulation, or local code.
        seconds: How long it took.
    """

    status: Status
    value: Json
    text: str
    error: ErrorKind | None = None
    source: Source = "local"
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""
        return self.status == "error"


@dataclass(frozen=True)
class CallRecord:
    """A call and its result.

    Attributes:
        name: As the model wrote it.
        arguments: As the model wrote them: an object, or text that may be no JSON.
        result: What came of it.
    """

    name: str
    arguments: Json
    result: ToolResult


class Environment(Protocol):
    """Tools that an agent may call, and what the calls have changed. One sample uses it at a time."""

    def tools(self) -> Sequence[ToolSpec]:
        """The tools, always in the same order."""

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool; no mistake of a model and no failure of a tool raises."""

    def reset(self) -> None:
        """Go back to the state before the first call, as far as it is in our hands."""

    def snapshot(self) -> Json:
        """The state as a JSON value, None where it is not known; equal states give equal values."""


def answer(value: Json, source: Source = "local", text: str | None = None) -> ToolResult:
    """A result that is an answer; the text is the value's, a string's as it is, other values' as JSON."""
    value = portable(value)
    return ToolResult("ok", value, shown(value) if text is None else portable(text), None, source)


def failure(kind: ErrorKind, message: str, source: Source = "local", value: Json = None) -> ToolResult:
    """A result that is an error.

    Args:
        kind: What kind it is.
        message: What went wrong, for the model to read.
        source: Who says so.
        value: More than the message, e.g. the body of an HTTP error; by default `{"error": message}`.
    """
    value = portable({"error": message} if value is None else value)
    return ToolResult("error", value, shown(value), kind, source)


def shown(value: Json) -> str:
    """A JSON value as text for a model."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_or_text(text: str) -> Json:
    """The JSON value in a text, the text itself where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def canonical(value: Json) -> str:
    """A JSON value as the one text that equal values have: sorted keys, no spaces, `1.0` as `1`."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def cut(text: str, characters: int) -> str:
    """The text, or its beginning and a notice that says how much is missing."""
    if len(text) <= characters:
        return text
    return f"{text[:characters]}\n[cut: {characters} of {len(text)} characters are shown]"


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def portable(value: Json) -> Json:
    """The value as every reader of JSON takes it: no halves of surrogate pairs, NaN and infinities as text.

    Raises:
        TypeError, ValueError: It is no JSON value.
    """
    written = json.dumps(value, ensure_ascii=False)
    odd = not written.isascii() and _HALF_CHARACTER.search(written)
    if not odd and "NaN" not in written and "Infinity" not in written:
        return value
    return json.loads(_HALF_CHARACTER.sub("\ufffd", written), parse_constant=str)


def _plain(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
