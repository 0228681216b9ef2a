"""What the JavaScript source of an argument stands for, by its declared type (BFCL v4, `js_type_converter.py`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from toolbench_eval.metrics.tools.decode import split_items

ARRAY = re.compile(r"\[(.*)\]|new\s+Array\((.*)\)", re.DOTALL)
OBJECT = re.compile(r"\{(.*)\}", re.DOTALL)

SCALARS: Mapping[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "integer": (re.compile(r"-?\d+"), int),
    "float": (re.compile(r"-?\d+(\.\d+)?"), float),
    "Bigint": (re.compile(r"-?\d+n"), lambda text: int(text[:-1])),
    "Boolean": (re.compile("true|false"), lambda text: text == "true"),
}
"""How the literals of a type look, and how they become values."""


def value(text: str, declared: str, items: str | None = None) -> Any:
    """The value of a source text; text that does not fit its declared type stays text.

    Elements and pairs are parted where no bracket and no quote is open, and a quoted number in an object stays text.
    BFCL cuts at every comma, reads an object up to its first closing brace and makes quoted numbers numbers.
    """
    if declared in SCALARS:
        pattern, convert = SCALARS[declared]
        return convert(text) if pattern.fullmatch(text) else text
    if declared == "array":
        return _array(text.strip(), items)
    if declared == "dict":
        return _object(text.strip())
    return _unquoted(text) if declared == "String" else text


def _array(text: str, items: str | None) -> Any:
    found = ARRAY.fullmatch(text)
    if found is None:
        return text
    elements = list(split_items(found[1] if found[1] is not None else found[2]))
    if any(element.startswith("[") for element in elements):
        return [_natural(element) for element in elements]
    known = items not in (None, "any")
    return [value(element, str(items)) if known else _natural(element) for element in elements]


def _object(text: str) -> Any:
    found = OBJECT.fullmatch(text)
    if found is None:
        return text
    pairs = [list(split_items(pair, ":")) for pair in split_items(found[1])]
    if any(len(pair) < 2 for pair in pairs):
        return text
    return {_unquoted(pair[0]): _natural(":".join(pair[1:])) for pair in pairs}


def _natural(text: str) -> Any:
    """The value by its looks, where no type is declared."""
    if text in ("true", "false"):
        return text == "true"
    if text.startswith("["):
        return _array(text, None)
    if text.startswith("{"):
        return _object(text)
    if _unquoted(text) != text:
        return _unquoted(text)
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'" else text
