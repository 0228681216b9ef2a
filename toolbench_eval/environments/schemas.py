"""Schemas as published tool descriptions hold them, made into JSON schemas that can be checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolbench_eval.environments.base import Json
from toolbench_eval.errors import DataError

_TYPES = {
    "string": ("string", "str", "text", "date", "datetime", "time", "enum", "file", "uuid", "uri", "url"),
    "integer": ("integer", "int", "long"),
    "number": ("number", "float", "double", "decimal"),
    "boolean": ("boolean", "bool"),
    "array": ("array", "list", "tuple", "set"),
    "object": ("object", "dict", "map", "json", "hash"),
    "null": ("null", "none", "nonetype"),
}
_BY_NAME = {name: kind for kind, names in _TYPES.items() for name in names}

_BOUNDS = ("minimum", "maximum")
_SIZES = ("minLength", "maxLength", "minItems", "maxItems")
_PARTS = ("properties", "patternProperties")
_LISTS = ("allOf", "anyOf", "oneOf")
_VALUES = ("default", "const", "example")
_TEXTS = ("description", "title")


def json_type(name: Json) -> str | None:
    """The JSON type that a name stands for (`str`, `NUMBER`, `list(str)`, `float` ...), None if it says nothing."""
    return None if name is None else _BY_NAME.get(str(name).strip().lower().partition("(")[0].partition("[")[0])


def plain_schema(schema: Json) -> dict[str, Any]:
    """A JSON schema that allows what a published one means.

    Takes OpenAPI 3.0 and 3.1 schemas whose references are resolved, and the slips of published files: type names of
    programming languages, truth values and numbers (bounds, defaults, choices) written as text, `nullable`, names in
    `required` that no property has, exclusive bounds as truth values. What cannot be read restricts nothing.
    """
    if not isinstance(schema, Mapping):
        return {}
    plain: dict[str, Any] = {key: schema[key] for key in _VALUES if key in schema}
    plain |= {key: schema[key] for key in _TEXTS if isinstance(schema.get(key), str)}
    for key in _PARTS:
        if isinstance(schema.get(key), Mapping):
            plain[key] = {str(name): plain_schema(one) for name, one in schema[key].items()}
    for key in _LISTS:
        if schema.get(key) and isinstance(schema[key], list):
            plain[key] = [plain_schema(one) for one in schema[key]]
    numbers = {key: _number(schema.get(key)) for key in (*_BOUNDS, *_SIZES)}
    plain |= {key: numbers[key] for key in _BOUNDS if numbers[key] is not None}
    plain |= {key: size for key in _SIZES if isinstance(size := numbers[key], int) and size >= 0}
    plain |= _exclusive(schema)
    if "items" in schema:
        plain["items"] = plain_schema(schema["items"])
    if "additionalProperties" in schema:
        more = schema["additionalProperties"]
        plain["additionalProperties"] = plain_schema(more) if isinstance(more, Mapping) else truth(more)
    required = [name for name in _names(schema.get("required")) if name in plain.get("properties", {})]
    if required:
        plain["required"] = required
    return _typed(plain, schema)


def truth(value: Json) -> bool:
    """A truth value, written as one or as text."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def schema_of(value: Json) -> dict[str, Any]:
    """The schema of an example; of a list only the first element counts, as in ATC's probing (arXiv 2405.16533)."""
    if isinstance(value, Mapping):
        return {"type": "object", "properties": {str(name): schema_of(one) for name, one in value.items()}}
    if isinstance(value, list):
        return {"type": "array", "items": schema_of(value[0])} if value else {"type": "array"}
    return {"type": json_type(type(value).__name__)}


def example_of(schema: Mapping[str, Any]) -> Json:
    """A value of a schema: its own examples where it gives any, else the plainest value of the type."""
    for given in (schema.get("example"), schema.get("default"), *(schema.get("enum") or ())[:1]):
        if given is not None:
            return given
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return {name: example_of(one) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema["items"])] if "items" in schema else []
    return {"string": "", "integer": 0, "number": 0.0, "boolean": False}.get(str(kind))


class References:
    """References within one document, resolved in place; a schema that holds itself is open where it recurs."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Take the document."""
        self._document = document
        self._known: dict[str, Json] = {}

    def resolved(self, node: Json) -> Json:
        """A node with everything that it refers to in place.

        Raises:
            DataError: It refers to something that is not in the document.
        """
        if isinstance(node, Mapping):
            reference = node.get("$ref")
            if isinstance(reference, str):
                return self._target(reference)
            return {key: self.resolved(value) for key, value in node.items()}
        return [self.resolved(one) for one in node] if isinstance(node, list) else node

    def _target(self, reference: str) -> Json:
        if reference not in self._known:
            self._known[reference] = {}  # what a reference to itself gets while it is being resolved
            self._known[reference] = self.resolved(self._find(reference))
        return self._known[reference]

    def _find(self, reference: str) -> Json:
        if not reference.startswith("#/"):
            raise DataError(f"refers to '{reference}', outside the document", field="$ref")
        found: Json = self._document
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise DataError(f"refers to '{reference}', which is not in the document", field="$ref")
            found = found[name]
        return found


def _typed(plain: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    given = schema.get("type")
    names = map(json_type, given if isinstance(given, list) else [given])
    kinds = list(dict.fromkeys(name for name in names if name is not None))
    nullable = truth(schema.get("nullable")) and "null" not in kinds
    plain |= {key: _meant(plain[key], kinds) for key in _VALUES if key in plain}
    choices = schema.get("enum")
    if choices and isinstance(choices, list):
        meant = [_meant(one, kinds) for one in choices]
        plain["enum"] = [*meant, None] if nullable and None not in meant else meant
    if kinds:
        kinds += ["null"] if nullable else []
        plain["type"] = kinds[0] if len(kinds) == 1 else kinds
    return plain


def _meant(value: Json, kinds: list[str]) -> Json:
    """A value of a schema that is written as text though the type is another."""
    if not isinstance(value, str) or not kinds or "string" in kinds:
        return value
    if "boolean" in kinds and value.strip().lower() in {"true", "false"}:
        return truth(value)
    number = _number(value) if {"integer", "number"} & set(kinds) else None
    return value if number is None else number


def _exclusive(schema: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 marks a bound as exclusive, JSON schema gives the bound itself."""
    found = {}
    for key, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        given = schema.get(bound) if truth(schema.get(key)) else schema.get(key)
        number = _number(given)
        if number is not None:
            found[key] = number
    return found


def _number(value: Json) -> int | float | None:
    if isinstance(value, str):
        try:
            return float(value) if "." in value else int(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _names(required: Json) -> list[str]:
    return [one for one in required if isinstance(one, str)] if isinstance(required, list) else []
