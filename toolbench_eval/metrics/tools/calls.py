"""What measures of tool use work on: calls, gold calls, descriptions of tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolbench_eval.errors import DataError

JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
    "null": (type(None),),
}
"""Python types of the values of a JSON type."""

ALIASES: Mapping[str, str] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "double": "number",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "dict": "object",
}
"""Other spellings of JSON types, as tool sets write them."""


@dataclass(frozen=True)
class Call:
    """A call of a tool, as it was written."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Gold:
    """A gold call with every value that counts as right.

    Attributes:
        name: Name of the tool.
        accepted: The accepted values of each parameter; ``""`` among them says that it may be left out (the form
            of BFCL's ``possible_answer``).
    """

    name: str
    accepted: Mapping[str, Sequence[Any]]

    @classmethod
    def of(cls, record: Mapping[str, Mapping[str, Sequence[Any]]]) -> Gold:
        """From a record ``{name: {parameter: [values]}}``.

        Raises:
            DataError: The record does not hold exactly one call.
        """
        if len(record) != 1:
            raise DataError(f"a gold call has one name, this one has {len(record)}: {sorted(record)}.")
        ((name, accepted),) = record.items()
        return cls(name, accepted)


@dataclass(frozen=True)
class Tool:
    """What a tool takes.

    Attributes:
        name: As it is offered.
        properties: JSON schema of each parameter.
        required: Parameters that must be given.
    """

    name: str
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Tool:
        """From a description with ``name`` and ``parameters``, bare or under ``function`` as in OpenAI's format.

        Raises:
            DataError: There is no name.
        """
        described = record.get("function", record)
        if "name" not in described:
            raise DataError("a tool needs a name.", field="name")
        parameters = described.get("parameters") or {}
        return cls(described["name"], parameters.get("properties") or {}, tuple(parameters.get("required") or ()))


@dataclass(frozen=True)
class Violations:
    """How a call breaks the schema of its tool: names of parameters, in order of the schema or of the call."""

    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    mistyped: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.unknown or self.mistyped)


def has_type(value: Any, declared: Any) -> bool:
    """Whether a value is of a declared JSON type, or of one of several; types that nobody knows hold every value.

    Unlike in Python, true and false are no numbers (JSON Schema, validation vocabulary, section 6.1.1). Names of types
    are read in any case.
    """
    if isinstance(declared, list):
        return any(has_type(value, one) for one in declared)
    name = ALIASES.get(declared.lower(), declared.lower()) if isinstance(declared, str) else ""
    if name not in JSON_TYPES:
        return True
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, JSON_TYPES[name])


def violations(call: Call, tool: Tool) -> Violations:
    """What of a call is missing, unknown or of the wrong type. Values inside arrays and objects are not looked at."""
    given, known = call.arguments, tool.properties
    return Violations(
        missing=tuple(name for name in tool.required if name not in given),
        unknown=tuple(name for name in given if name not in known),
        mistyped=tuple(
            name for name, value in given.items() if name in known and not has_type(value, known[name].get("type"))
        ),
    )
