"""Arithmetic, and look-ups in a small table of text: the tools of word problems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from toolbench_eval.environments.arithmetic import calculated
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.toolbox import ToolError

Rows = dict[str, Any]
"""The state: `{"rows": [[cell, ...], ...]}`."""

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+")


def calculate(formula: Annotated[str, Field(description="Numbers, + - * / and parentheses.")]) -> float | int:
    """Calculate the value of a formula."""
    value = calculated(formula.replace(",", ""))
    return int(value) if value.is_integer() else value


def read_table(state: Rows) -> list[list[str]]:
    """Get all rows of the table."""
    rows: list[list[str]] = state["rows"]
    return rows


def look_up(
    state: Rows,
    row: Annotated[str, Field(description="The first cell of the row.")],
    column: Annotated[str, Field(description="The heading of the column; empty for the second column.")] = "",
) -> str:
    """Get one cell of the table."""
    at = _column(state, column) if column else 1
    for cells in state["rows"]:
        if cells and _plain(cells[0]) == _plain(row):
            if at >= len(cells):
                raise ToolError(f"the row '{row}' has {len(cells)} cells")
            return str(cells[at])
    raise ToolError(f"there is no row '{row}'; rows: {', '.join(cells[0] for cells in state['rows'] if cells)}")


def column_numbers(
    state: Rows, column: Annotated[str, Field(description="The heading of the column.")]
) -> list[float | int]:
    """Get the numbers of a column, from top to bottom; cells without a number are left out."""
    at = _column(state, column)
    found = [_NUMBER.search(cells[at]) for cells in state["rows"][1:] if at < len(cells)]
    return [_number(one.group()) for one in found if one]


def calculator_environment() -> FunctionEnvironment:
    """Arithmetic alone."""
    return FunctionEnvironment([calculate])


def table_environment(text: str) -> FunctionEnvironment:
    """Arithmetic and look-ups.

    Args:
        text: Lines of cells between bars; the first line with a bar is the heading. What stands before `Content:` is
            not part of the table.
    """
    content = text.partition("Content:")[2] or text
    rows = [[cell.strip() for cell in line.split("|")] for line in content.splitlines() if "|" in line]
    return FunctionEnvironment([calculate, read_table, look_up, column_numbers], state={"rows": rows})


def _column(state: Rows, name: str) -> int:
    heading: Sequence[str] = state["rows"][0] if state["rows"] else ()
    for at, cell in enumerate(heading):
        if _plain(cell) == _plain(name):
            return at
    raise ToolError(f"there is no column '{name}'; columns: {', '.join(heading)}")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _number(text: str) -> float | int:
    value = float(text.replace(",", ""))
    return int(value) if value.is_integer() else value
