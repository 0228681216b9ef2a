"""What the Java source of an argument stands for, by its declared type (BFCL v4, `java_type_converter.py`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from toolbench_eval.metrics.tools.decode import split_items

INTEGER = re.compile(r"-?\d+")
LONG = re.compile(r"-?\d+[lL]")
FLOAT = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?[fF]")
DOUBLE = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
AS_LIST = re.compile(r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)")
ADDS = re.compile(r"new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}", re.DOTALL)
ADD = re.compile(r"add\((.+?)\)")
EMPTY_LIST = re.compile(r"new\s+ArrayList<\w*>\(\)")
ARRAY = re.compile(r"new\s+\w+\[\]\s*\{(.*?)\}")
MAP = re.compile(r"new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}", re.DOTALL)
PUT = re.compile(r"put\(\"(.*?)\",\s*(.*?)\)")
EMPTY_MAP = re.compile(r"new\s+HashMap<.*?>\s*\(\)")

SCALARS: Mapping[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    **dict.fromkeys(("byte", "short", "integer"), (INTEGER, int)),
    "long": (LONG, lambda text: int(text[:-1])),
    "float": (FLOAT, lambda text: float(text[:-1])),
    "double": (DOUBLE, float),
    "boolean": (re.compile("true|false"), lambda text: text == "true"),
}
"""How the literals of a type look, and how they become values."""


def value(text: str, declared: str, items: str | None = None, *, quoted_arrays: bool = False) -> Any:
    """The value of a source text.

    Args:
        text: Source of the argument; text that does not fit its type stays text.
        declared: Its type, e.g. ``long`` or ``ArrayList``.
        items: Type of its elements.
        quoted_arrays: Keep the quotes of the strings in an array, and take elements of type ``any`` as text. BFCL
            does so, and then no string array can match a gold one.
    """
    if declared in SCALARS:
        pattern, convert = SCALARS[declared]
        return convert(text) if pattern.fullmatch(text) else text
    if declared == "ArrayList":
        return _array_list(text, items, quoted_arrays)
    if declared == "Array":
        return _array(text, items, quoted_arrays)
    return _map(text) if declared == "HashMap" else text


def _array_list(text: str, items: str | None, quoted: bool) -> Any:
    if found := AS_LIST.search(text):
        elements = list(split_items(found[1]))
    elif found := ADDS.search(text):
        elements = [element.strip() for element in ADD.findall(found[1])]
    elif EMPTY_LIST.search(text):
        elements = []
    else:
        return text
    if items in ("String", "char"):
        return [_unquoted(element) for element in elements]
    return [_element(element, items, quoted) for element in elements]


def _array(text: str, items: str | None, quoted: bool) -> Any:
    found = ARRAY.search(text)
    return [_element(element, items, quoted) for element in split_items(found[1])] if found else text


def _map(text: str) -> Any:
    if found := MAP.search(text):
        return {key: _natural(part.strip()) for key, part in PUT.findall(found[1])}
    return {} if EMPTY_MAP.search(text) else text


def _element(text: str, items: str | None, quoted: bool) -> Any:
    if items is None or (items == "any" and not quoted):
        return _natural(text)
    if items in ("String", "char") and not quoted:
        return _unquoted(text)
    return value(text, items)


def _natural(text: str) -> Any:
    """The value by its looks, where no type is declared."""
    if text in ("true", "false"):
        return text == "true"
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    if LONG.fullmatch(text):
        return int(text[:-1])
    if FLOAT.fullmatch(text):
        return float(text[:-1])
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'" else text
