"""Arithmetic that a model writes, without a language around it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from toolbench_eval.environments.toolbox import ToolError

LONGEST = 500
"""Characters of a formula."""
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def calculated(formula: str) -> float:
    """The value of a formula of numbers, `+ - * /`, signs and parentheses.

    Raises:
        ToolError: It is no such formula, or has no value.
    """
    if len(formula) > LONGEST:
        raise ToolError(f"the formula has more than {LONGEST} characters", "invalid_arguments")
    try:
        return _value(ast.parse(formula.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise ToolError(f"not a formula of numbers and + - * /: {error}", "invalid_arguments") from error
    except ZeroDivisionError as error:
        raise ToolError("division by zero") from error


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    raise ValueError(f"'{type(node).__name__}' is not allowed")
