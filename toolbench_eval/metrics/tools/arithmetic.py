"""Arithmetic of written numbers: the four operations, remainders and small powers. Nothing is executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

OPERATIONS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
MAX_POWER = 64
MAX_BASE = 10**9


class NotArithmeticError(ValueError):
    """A term is no arithmetic of numbers."""


def fold(node: ast.expr) -> int | float:
    """The number that a parsed term stands for.

    Raises:
        NotArithmeticError: It holds anything but numbers and operations on them, or has no value.
    """
    try:
        return _fold(node)
    except (ArithmeticError, RecursionError, ValueError) as error:
        raise NotArithmeticError(str(error)) from error


def calculate(text: str) -> int | float | None:
    """The value of a written term such as ``(5 + 3) * 2.5``, or None if it is none."""
    try:
        return fold(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _fold(node: ast.expr) -> int | float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_fold(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _fold(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_fold(left), _fold(right))
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in OPERATIONS:
            result: int | float = OPERATIONS[type(operation)](_fold(left), _fold(right))
            return result
    raise NotArithmeticError(f"no arithmetic: {type(node).__name__}")


def _power(base: int | float, exponent: int | float) -> int | float:
    if abs(base) > MAX_BASE or abs(exponent) > MAX_POWER:
        raise NotArithmeticError("power too large")
    result: int | float | complex = base**exponent
    if isinstance(result, complex):
        raise NotArithmeticError("no real number")
    return result
