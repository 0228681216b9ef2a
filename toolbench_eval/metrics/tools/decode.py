"""From the text of a model to calls: Python calls, JSON, Java and JavaScript source. Nothing is executed.

Each function returns None where a text cannot be decoded, and an empty list where it decodes to no call: measures
tell the two apart. Conventions are those of BFCL v4 (`model_handler/utils.py`), which its scores depend on: fences
and brackets are mended, positional arguments are dropped, a bare name stands for itself as text.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolbench_eval.metrics.tools.arithmetic import NotArithmeticError, fold
from toolbench_eval.metrics.tools.calls import Call

OPENING, CLOSING, QUOTES = "([{", ")]}", "\"'`"
SOURCE_CALL = re.compile(r"\s*(?:new\s+)?([\w$.]+)\s*\((.*)\)\s*;?\s*", re.DOTALL)
ARGUMENT = re.compile(r"\s*([A-Za-z_$][\w$]*)\s*=(?![=>])(.*)", re.DOTALL)
JSON_LIST = re.compile(r"\[.*\]", re.DOTALL)


class _UndecodableError(Exception):
    """A part of a text that stands for no value."""


def decode_python(text: str) -> list[Call] | None:
    """Calls in Python's syntax: ``[first(a=1), second.part(b='x')]``, or one call.

    The values are literals; numbers may be combined by arithmetic (BFCL evaluates such a term).
    """
    try:
        body = ast.parse(_bracketed(text).strip("'"), mode="eval").body
        nodes = body.elts if isinstance(body, ast.List | ast.Tuple | ast.Set) else [body]
        return [_call(node) for node in nodes]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, _UndecodableError):
        return None


def decode_json(text: str) -> list[Call] | None:
    """Calls as JSON: a list, or one of them.

    Each is ``{"name", "arguments"}``, ``{"function", "parameters"}``, OpenAI's ``{"function": {"name",
    "arguments"}}`` or BFCL's ``{name: arguments}``; arguments are an object, or its JSON text.
    """
    found = JSON_LIST.search(text)
    for candidate in filter(None, [text.strip().strip("`"), found and found.group()]):
        try:
            decoded = json.loads(candidate)
            return [_json_call(item) for item in (decoded if isinstance(decoded, list) else [decoded])]
        except (ValueError, RecursionError, _UndecodableError):
            continue
    return None


def decode_source(text: str) -> list[Call] | None:
    """One call in Java or JavaScript with named arguments; every value is its source text, a string without quotes.

    What the text of a value stands for depends on its declared type: see `java.value` and `javascript.value`.
    """
    found = SOURCE_CALL.fullmatch(_bracketed(text)[1:-1])
    if found is None or not _balanced(found[2]):
        return None
    arguments: dict[str, str] = {}
    for part in _arguments(found[2]):
        named = ARGUMENT.fullmatch(part)
        if named is None:
            continue  # a positional argument
        if named[1] in arguments:
            return None
        arguments[named[1]] = _unquoted(named[2].strip())
    return [Call(found[1], arguments)]


def split_items(text: str, separator: str = ",") -> Iterator[str]:
    """Parts of a text between separators that stand in no bracket and in no string, without blanks around them."""
    begin = 0
    for at, sign, depth in _signs(text):
        if sign == separator and depth == 0:
            yield text[begin:at].strip()
            begin = at + 1
    if text[begin:].strip():
        yield text[begin:].strip()


def _signs(text: str) -> Iterator[tuple[int, str, int]]:
    """Place, sign and depth in brackets of every sign outside strings, and of the quotes around them."""
    depth, quote, at = 0, "", 0
    while at < len(text):
        sign = text[at]
        if quote:
            at += sign == "\\"
            quote = "" if sign == quote else quote
        else:
            quote = sign if sign in QUOTES else ""
            depth += (sign in OPENING) - (sign in CLOSING)
        if not quote or sign == quote:
            yield at, sign, depth
        at += 1


def _balanced(text: str) -> bool:
    """Whether every bracket that opens in a text closes in it, and none closes that was not open."""
    depths = [depth for _, _, depth in _signs(text)]
    return min(depths, default=0) >= 0 and (not depths or depths[-1] == 0)


def _bracketed(text: str) -> str:
    text = text.strip("`\n ")
    return f"{'' if text.startswith('[') else '['}{text}{'' if text.endswith(']') else ']'}"


def _call(node: ast.expr) -> Call:
    if not isinstance(node, ast.Call):
        raise _UndecodableError
    return Call(_dotted(node.func), _keywords(node))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise _UndecodableError


def _keywords(node: ast.Call) -> dict[str, Any]:
    if any(keyword.arg is None for keyword in node.keywords):
        raise _UndecodableError
    return {str(keyword.arg): _value(keyword.value) for keyword in node.keywords}


def _value(node: ast.expr | None) -> Any:
    if isinstance(node, ast.List | ast.Tuple | ast.Dict):
        return _container(node)
    if isinstance(node, ast.UnaryOp | ast.BinOp):
        return _term(node)
    match node:
        case ast.Constant(value=value):
            return "..." if value is ... else value
        case ast.Name(id=name):
            return name
        case ast.Call(keywords=[]) | ast.Subscript():
            return ast.unparse(node)
        case ast.Call():
            return {_dotted(node.func): _keywords(node)}
    raise _UndecodableError


def _container(node: ast.List | ast.Tuple | ast.Dict) -> Any:
    if isinstance(node, ast.Dict):
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True)}
    items = [_value(item) for item in node.elts]
    return tuple(items) if isinstance(node, ast.Tuple) else items


def _term(node: ast.UnaryOp | ast.BinOp) -> int | float | str:
    match node:
        case ast.BinOp(left=ast.Constant(value=str() as left), op=ast.Add(), right=ast.Constant(value=str() as right)):
            return left + right
    try:
        return fold(node)
    except NotArithmeticError as error:
        raise _UndecodableError from error


def _json_call(item: Any) -> Call:
    if not isinstance(item, Mapping):
        raise _UndecodableError
    function = item.get("function")
    if isinstance(function, Mapping):
        return _json_call(function)
    name = item.get("name", function)
    arguments = item.get("arguments", item.get("parameters", {}))
    if name is None and len(item) == 1:
        ((name, arguments),) = item.items()
    if isinstance(arguments, str):
        arguments = json.loads(arguments or "{}")
    if not isinstance(name, str) or not isinstance(arguments, Mapping):
        raise _UndecodableError
    return Call(name, dict(arguments))


def _arguments(text: str) -> Iterator[str]:
    """Parts at commas, put together again where no name follows, as after those of ``Map<String, Object>``."""
    pending = ""
    for part in split_items(text):
        if ARGUMENT.fullmatch(part) and pending:
            yield pending
            pending = part
        else:
            pending = f"{pending}, {part}" if pending else part
    if pending:
        yield pending


def _unquoted(text: str) -> str:
    """A string literal without its quotes; anything else as it is."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text
