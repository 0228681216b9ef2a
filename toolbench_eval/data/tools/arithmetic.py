"""Word problems whose answer is a number: GSM8K, and TabMWP as CRAFT prepared it."""

from __future__ import annotations

from collections.abc import Iterator

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.metrics.tools.numbers import calculations, final_number


def gsm8k(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `question` and `answer`, a solution that ends in `#### number` (Cobbe et al. 2021).

    The solution's calculator calls are kept for what they are, and are no gold path: other terms do as well.

    Raises:
        DataError: A field is missing, or the solution has no final number.
    """
    solution = record.text("answer")
    number = final_number(solution)
    if number is None:
        raise record.fault("the solution does not end in '#### number'", "answer")
    recorded = [[one.term, one.result] for one in calculations(solution)]
    yield ToolProblem(
        id=record.maybe("id") or str(record.row),
        text=record.text("question"),
        answers=(f"{number:.12g}",),
        extra={"calculations": recorded},
    )


def tabmwp(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `question`, `table` (lines of cells between bars) and `answer`, a number (Yuan et al. 2023).

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    answer = record.values.get("answer")
    if not isinstance(answer, int | float) or isinstance(answer, bool):
        raise record.fault("must be a number", "answer")
    table = record.text("table")
    yield ToolProblem(
        id=record.maybe("id") or str(record.row),
        text=f"{record.text('question')}\n\n{table}",
        answers=(f"{answer:.12g}",),
        setup={"table": table},
        category=record.maybe("level"),
    )
