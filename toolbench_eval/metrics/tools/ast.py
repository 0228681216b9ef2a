"""AST accuracy of BFCL v4: does a call name the function and give every argument one of its accepted values?

Source: `bfcl_eval/eval_checker/ast_eval/ast_checker.py` of the reference (ShishirPatil/gorilla). Checks come in this
order, and the first that fails names the error: number of calls, function, required parameters; then for each given
parameter in turn: is it expected, its type, its value; last the parameters that were left out.

Conventions: ``released`` is what the reference does. ``corrected`` mends where no right call can pass: a gold
parameter that the function does not declare, a required one that the gold does not name, one with no accepted value
(the empty list is then meant), a gold dictionary whose values are not lists, Java arrays of strings (their quotes were
kept) and collections of ``any``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.tools import java, javascript
from toolbench_eval.metrics.tools.ast_values import (
    is_accepted_dict,
    is_accepted_list,
    is_accepted_list_of_dicts,
    is_accepted_string,
)
from toolbench_eval.metrics.tools.calls import Call, Gold, Tool

Convention = Literal["released", "corrected"]
Language = Literal["python", "java", "javascript"]

TYPES: Mapping[str, type] = {
    **dict.fromkeys(("byte", "short", "integer", "long", "Bigint"), int),
    **dict.fromkeys(("float", "double", "number"), float),
    **dict.fromkeys(("boolean", "Boolean", "bool"), bool),
    **dict.fromkeys(("string", "String", "char", "any"), str),
    **dict.fromkeys(("array", "tuple", "list", "Array", "ArrayList", "Queue", "Stack"), list),
    **dict.fromkeys(("dict", "object", "HashMap", "Hashtable"), dict),
    "Set": set,
}
"""Python type of the values of each declared type, over all languages."""

DECLARED: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "float",
    list: "array",
    dict: "dict",
}
NESTED = ("array", "tuple", "Array", "ArrayList")


class AstError(StrEnum):
    """Why a call, or an answer of several calls, is wrong."""

    UNDECODABLE = "undecodable"
    WRONG_COUNT = "wrong_count"
    WRONG_FUNCTION = "wrong_function"
    MISSING_REQUIRED = "missing_required"
    UNEXPECTED_PARAMETER = "unexpected_parameter"
    TYPE_SIMPLE = "type_error:simple"
    TYPE_NESTED = "type_error:nested"
    VALUE_STRING = "value_error:string"
    VALUE_LIST = "value_error:list"
    VALUE_DICT = "value_error:dict"
    VALUE_OTHERS = "value_error:others"
    MISSING_OPTIONAL = "missing_optional"
    NO_MATCH = "no_match"


@dataclass(frozen=True)
class Verdict:
    """Outcome of a check.

    Attributes:
        error: Why it failed, or None.
        detail: The parameter or the gold call it failed at.
    """

    error: str | None = None
    detail: str = ""

    @property
    def correct(self) -> bool:
        """Whether nothing failed."""
        return self.error is None


RIGHT = Verdict()


def check_one(
    calls: Sequence[Call],
    gold: Gold,
    tools: Sequence[Tool],
    language: Language = "python",
    convention: Convention = "corrected",
) -> Verdict:
    """Check an answer that should be one call (categories simple and multiple)."""
    if len(calls) != 1:
        return Verdict(AstError.WRONG_COUNT, f"{len(calls)} calls instead of 1")
    return check_call(calls[0], gold, _tool(gold, tools), language, convention)


def check_parallel(
    calls: Sequence[Call],
    golds: Sequence[Gold],
    tools: Sequence[Tool],
    language: Language = "python",
    convention: Convention = "corrected",
) -> Verdict:
    """Check an answer of several calls in any order: each gold call takes the first free call that fits it."""
    if len(calls) != len(golds):
        return Verdict(AstError.WRONG_COUNT, f"{len(calls)} calls instead of {len(golds)}")
    free = list(calls)
    for gold in golds:
        tool = _tool(gold, tools)
        fitting = (at for at, call in enumerate(free) if check_call(call, gold, tool, language, convention).correct)
        at = next(fitting, None)
        if at is None:
            return Verdict(AstError.NO_MATCH, gold.name)
        del free[at]
    return RIGHT


def check_call(
    call: Call,
    gold: Gold,
    tool: Tool,
    language: Language = "python",
    convention: Convention = "corrected",
) -> Verdict:
    """Check one call.

    Args:
        call: What was called. In Java and JavaScript all arguments are source text (see `decode.decode_source`).
        gold: Accepted values.
        tool: The function that should be called.
        language: In which the call was written.
        convention: See the module.

    Raises:
        DataError: The function declares a type that no language of BFCL has.
    """
    if convention == "corrected":
        tool, gold = mended(tool, gold)
    if call.name != tool.name:
        return Verdict(AstError.WRONG_FUNCTION, call.name)
    for name in tool.required:
        if name not in call.arguments:
            return Verdict(AstError.MISSING_REQUIRED, name)
    for name, value in call.arguments.items():
        if name not in tool.properties or name not in gold.accepted:
            return Verdict(AstError.UNEXPECTED_PARAMETER, name)
        error = _check_value(value, gold.accepted[name], _Declared(tool.properties[name], name), language, convention)
        if error is not None:
            return Verdict(error, name)
    for name, accepted in gold.accepted.items():
        if name not in call.arguments and "" not in accepted:
            return Verdict(AstError.MISSING_OPTIONAL, name)
    return RIGHT


def mended(tool: Tool, gold: Gold) -> tuple[Tool, Gold]:
    """A function and a gold call that a right call can pass: see ``corrected`` in the module."""
    accepted = {name: [_listed(value) for value in values] or [[], ""] for name, values in gold.accepted.items()}
    undeclared = {name: _declaration(values) for name, values in accepted.items() if name not in tool.properties}
    required = tuple(name for name in tool.required if name in accepted)
    return replace(tool, properties={**tool.properties, **undeclared}, required=required), Gold(gold.name, accepted)


class _Declared:
    """Declared type of a parameter, and of its items."""

    def __init__(self, schema: Mapping[str, Any], name: str) -> None:
        self.name = str(schema.get("type", "any"))
        self.kind = _kind(self.name, name)
        items = schema.get("items") if self.name in NESTED else None
        self.items = str(items["type"]) if items and "type" in items else None
        self.item_kind = _kind(self.items, name) if self.items else None


def _kind(declared: str, parameter: str) -> type:
    if declared not in TYPES:
        raise DataError(
            f"parameter {parameter} has the unknown type '{declared}'. Known: {', '.join(TYPES)}.", field="type"
        )
    return TYPES[declared]


def _tool(gold: Gold, tools: Sequence[Tool]) -> Tool:
    for tool in tools:
        if tool.name == gold.name:
            return tool
    raise DataError(f"the gold call names '{gold.name}', which is none of the {len(tools)} functions.")


def _check_value(
    value: Any, accepted: Sequence[Any], declared: _Declared, language: Language, convention: Convention
) -> AstError | None:
    items = declared.item_kind
    if language == "python":
        value = _python_value(value, declared)
    elif isinstance(value, str):
        value = _source_value(value, declared, language, convention)
        items = None if convention == "corrected" and declared.items == "any" else items
    else:
        return AstError.TYPE_SIMPLE
    variable, error = _check_type(value, accepted, declared.kind, items)
    if error is not None:
        return error
    if variable:
        return None if value in accepted else AstError.VALUE_OTHERS
    for kind, nested, fits, name in CHECKS:
        if declared.kind is kind and (nested is None or items is nested):
            return None if fits(value, accepted) else name
    return None if value in accepted else AstError.VALUE_OTHERS


CHECKS: tuple[tuple[type, type | None, Callable[[Any, Sequence[Any]], bool], AstError], ...] = (
    (dict, None, is_accepted_dict, AstError.VALUE_DICT),
    (list, dict, is_accepted_list_of_dicts, AstError.VALUE_DICT),
    (str, None, is_accepted_string, AstError.VALUE_STRING),
    (list, None, is_accepted_list, AstError.VALUE_LIST),
)
"""How values of a type are compared: the type, that of its items (None: any), the comparison, the error."""


def _python_value(value: Any, declared: _Declared) -> Any:
    """Tuples count as lists where tuples are declared, integers as floats where floats are; no boolean is a number."""
    if declared.name == "tuple" and isinstance(value, tuple):
        return list(value)
    if declared.kind is float and type(value) is int:
        return float(value)
    return value


def _source_value(text: str, declared: _Declared, language: Language, convention: Convention) -> Any:
    if language == "java":
        return java.value(text, declared.name, declared.items, quoted_arrays=convention == "released")
    return javascript.value(text, declared.name, declared.items)


def _check_type(
    value: Any, accepted: Sequence[Any], kind: type[Any], items: type | None
) -> tuple[bool, AstError | None]:
    """Whether a value is a variable (accepted values are of another type than declared), and the error of its type."""
    accepted_kind = next((type(other) for other in accepted if other != ""), None)
    if type(value) is kind:
        if items is not None and not _items_fit(value, accepted, items):
            return False, AstError.TYPE_NESTED if accepted_kind else AstError.TYPE_SIMPLE
        return accepted_kind not in (None, kind), None
    return True, None if type(value) is accepted_kind else AstError.TYPE_SIMPLE


def _items_fit(value: Sequence[Any], accepted: Sequence[Any], kind: type) -> bool:
    """Whether all items have the declared type, or that of the items of one accepted list (one level deep)."""
    return any(
        not isinstance(gold, list) or all(_check_type(item, gold, kind, None)[1] is None for item in value)
        for gold in accepted
    )


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: values if isinstance(values, list) else [values] for key, values in value.items()}
    return value


def _declaration(accepted: Sequence[Any]) -> Mapping[str, str]:
    kind = next((type(value) for value in accepted if value != ""), str)
    return {"type": DECLARED.get(kind, "any")}
