"""Operations of HTTP services: a tool, and where in a request each argument goes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

from toolbench_eval.environments.base import Json, ToolSpec
from toolbench_eval.environments.recorded import Recording, recording_of
from toolbench_eval.environments.schemas import example_of, plain_schema, truth
from toolbench_eval.environments.toolbox import ToolError

Where = Literal["path", "query", "header", "cookie", "body"]
READING = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing (RFC 9110, section 9.2.1)."""
VARIABLE = re.compile(r"\{([^{}/]+)\}")
_VERSION = re.compile(r"v?\d[\d.]*")
_NOT_OURS = {"accept", "content-type", "authorization", "host", "content-length", "transfer-encoding", "connection"}
"""Headers that no argument sets: OpenAPI excludes the first three, the others are the transport's."""
_FORMS = {"application/json": "json", "application/x-www-form-urlencoded": "form"}


@dataclass(frozen=True)
class Place:
    """Where an argument goes.

    Attributes:
        where: Part of the request.
        name: Its name there; empty where it is the whole body.
        explode: Whether a list is repeated (`a=1&a=2`) instead of joined (`a=1,2`).
    """

    where: Where
    name: str
    explode: bool = True


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        tool: What a model is told; method and address with its variables are in it.
        places: Where each argument goes.
        body: Media type of the body, empty without one.
        example: A published reply, None where there is none.
    """

    tool: ToolSpec
    places: Mapping[str, Place]
    body: str = ""
    example: Json = None

    def address(self, arguments: Mapping[str, Any]) -> str:
        """The address with all variables and the query filled in.

        Raises:
            ToolError: A path variable is empty or would lead elsewhere.
        """
        values = {place.name: value for place, value in self._values(arguments, "path")}
        path = VARIABLE.sub(lambda variable: _segment(variable[1], values), self.tool.url)
        pairs = [pair for place, value in self._values(arguments, "query") for pair in _pairs(place, value)]
        return with_query(path, pairs)

    def headers(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Headers and cookies that arguments set."""
        found = {place.name: as_text(value) for place, value in self._values(arguments, "header")}
        cookies = [f"{place.name}={quote(as_text(value))}" for place, value in self._values(arguments, "cookie")]
        return found | ({"Cookie": "; ".join(cookies)} if cookies else {})

    def content(self, arguments: Mapping[str, Any]) -> tuple[bytes, str] | None:
        """The body and its media type, None where no argument is part of it."""
        parts = {place.name: value for place, value in self._values(arguments, "body")}
        if not parts:
            return None
        value = parts.get("", parts)
        form = _FORMS.get(self.body)
        if form == "form" and isinstance(value, Mapping):
            return urlencode({name: as_text(one) for name, one in value.items()}).encode(), self.body
        return (json.dumps(value) if form == "json" else as_text(value)).encode(), self.body

    def _values(self, arguments: Mapping[str, Any], where: Where) -> Iterator[tuple[Place, Json]]:
        for name, value in arguments.items():
            place = self.places.get(name)
            if place is not None and place.where == where:
                yield place, value


def with_query(address: str, pairs: Iterable[tuple[str, str]]) -> str:
    """An address with parameters added."""
    query = urlencode(list(pairs), quote_via=quote)
    return f"{address}{'&' if '?' in address else '?'}{query}" if query else address


def as_text(value: Json) -> str:
    """A JSON value as part of an address or a header."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(as_text(one) for one in value)
    return json.dumps(value)


def _pairs(place: Place, value: Json) -> list[tuple[str, str]]:
    if isinstance(value, list):
        texts = [as_text(one) for one in value]
        return [(place.name, text) for text in (texts if place.explode else [",".join(texts)])]
    return [] if value is None else [(place.name, as_text(value))]


def _segment(name: str, values: Mapping[str, Any]) -> str:
    text = as_text(values[name]) if values.get(name) is not None else ""
    if not text.strip(". "):
        # `.` and `..` would be another path, whatever is allowed to be called.
        raise ToolError(f"the path variable '{name}' cannot be '{text}'", "invalid_arguments")
    return quote(text, safe="")


def recorded_examples(operations: Iterable[Operation]) -> list[Recording]:
    """The published example of each operation as the recording of a call without arguments.

    Where there is none, one is made of the schema of the reply; an operation that declares no reply gives None.
    `RecordedEnvironment(tools, recorded_examples(operations), "nearest", least=0)` answers every call with the example
    of its operation: a stand-in for the service that has its form, and no true answers.
    """
    return [
        recording_of(one.tool.name, {}, example_of(one.tool.returns or {}) if one.example is None else one.example)
        for one in operations
    ]


@dataclass
class OperationBuilder:
    """Gathers the arguments of one operation; readers of both document formats use it."""

    method: str
    url: str
    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    body: str = ""

    def parameter(self, parameter: Mapping[str, Any], where: str, required: bool) -> None:
        """Add a parameter; one that is a variable of the path goes there, whatever the document says."""
        name = str(parameter["name"])
        if name in VARIABLE.findall(self.url):
            where, required = "path", True
        if where == "path" and name not in VARIABLE.findall(self.url):
            where = "query"
        if where == "header" and name.lower() in _NOT_OURS:
            return
        schema = plain_schema(parameter.get("schema"))
        if parameter.get("description"):
            schema["description"] = str(parameter["description"]).strip()
        place: Where = where if where in ("path", "header", "cookie") else "query"  # type: ignore[assignment]
        self._add(name, schema, Place(place, name, truth(parameter.get("explode", True))), required)

    def request_body(self, body: Mapping[str, Any] | None) -> None:
        """Add the request body: each property is an argument, a body of another kind is the argument `body`."""
        content = (body or {}).get("content") or {}
        if not content:
            return
        media = next((kind for kind in _FORMS if kind in content), next(iter(content)))
        self.body = media
        schema = plain_schema((content[media] or {}).get("schema"))
        wanted = truth((body or {}).get("required"))
        if media not in _FORMS or not schema.get("properties"):
            self._add("body", schema, Place("body", ""), wanted)
            return
        for name, one in schema["properties"].items():
            argument = f"body_{name}" if name in self.properties else name
            self._add(argument, one, Place("body", name), wanted and name in schema.get("required", ()))

    def build(
        self, name: str, description: str, declared: str, returns: Json, example: Json, category: str = ""
    ) -> Operation:
        """The operation; path variables that nobody declared are texts or numbers.

        Where its document names no category, that is the resource: the first part of the path that is no version.
        """
        for variable in VARIABLE.findall(self.url):
            if variable not in self.places:
                self._add(variable, {"type": ["string", "number"]}, Place("path", variable), True)
        parameters: dict[str, Any] = {"type": "object", "properties": self.properties, "additionalProperties": False}
        if self.required:
            parameters["required"] = self.required
        tool = ToolSpec(
            name=name,
            description=description,
            parameters=parameters,
            returns=returns,
            mutating=self.method not in READING,
            method=self.method,
            url=self.url,
            source=declared,
            category=category or _resource(declared),
        )
        return Operation(tool, self.places, self.body, example)

    def _add(self, argument: str, schema: dict[str, Any], place: Place, required: bool) -> None:
        self.properties[argument] = schema
        self.places[argument] = place
        if required and argument not in self.required:
            self.required.append(argument)


def _resource(declared: str) -> str:
    parts = declared.partition(" ")[2].partition("?")[0].split("/")
    return next((part for part in parts if part and not _VERSION.fullmatch(part) and "{" not in part), "")
