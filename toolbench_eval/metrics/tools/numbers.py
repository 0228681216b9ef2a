"""Answers that are numbers: the final number of a solution, calculator calls, and whether two numbers are the same.

GSM8K (Cobbe et al. 2021; openai/grade-school-math): solutions end in ``#### 18`` or ``A: 18`` and hold calculator
calls ``<<48/2=24>>``. TabMWP as CRAFT uses it: numbers with a tolerance.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from toolbench_eval.metrics.tools.arithmetic import calculate

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+")
FINAL = re.compile(r"(?:####|^A:)\s*\$?\s*(-?[\d.,]+)", re.MULTILINE)
CALCULATION = re.compile(r"<<([^<>=]*)=([^<>]*)>>")
PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")


@dataclass(frozen=True)
class Calculation:
    """A recorded call of the calculator: the term as written, and the result that was written for it."""

    term: str
    result: str


def final_number(solution: str) -> float | None:
    """The number after the last ``####`` or ``A:`` of a GSM8K solution, or None (commas are dropped, as there)."""
    found = FINAL.findall(solution)
    return _number(found[-1]) if found else None


def last_number(text: str) -> float | None:
    """The last number in a text, or None."""
    found = NUMBER.findall(text)
    return _number(found[-1]) if found else None


def same_number(given: float | None, gold: float | None, tolerance: float = 1e-6) -> bool:
    """Whether two numbers are equal up to a relative or absolute tolerance; what is missing equals nothing."""
    if given is None or gold is None:
        return False
    return math.isclose(given, gold, rel_tol=tolerance, abs_tol=tolerance)


def calculations(solution: str) -> list[Calculation]:
    """The calculator calls of a solution, in order."""
    return [Calculation(term, result) for term, result in CALCULATION.findall(solution)]


def recomputes(calculation: Calculation, tolerance: float = 1e-2) -> bool:
    """Whether a recorded result is the value of its term; ``20%`` is 0.20. Results are written rounded."""
    given = calculate(PERCENT.sub(r"(\1/100)", calculation.term.replace(",", "")))
    return given is not None and same_number(given, _number(calculation.result), tolerance)


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "").rstrip("."))
    except ValueError:
        return None
