"""Formulas, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.environments.arithmetic import calculated
from toolbench_eval.environments.toolbox import ToolError


@pytest.mark.parametrize(
    ("formula", "value"), [("(5+10)*3", 45), (" -2 + +3 ", 1), ("(4*2)/(1+3)", 2), ("7", 7), ("1e3/4", 250), ("--1", 1)]
)
def test_values(formula: str, value: float) -> None:
    assert calculated(formula) == value


@given(st.integers(-99, 99), st.integers(-99, 99), st.integers(1, 99))
def test_as_python_calculates(a: int, b: int, c: int) -> None:
    assert calculated(f"({a})*({b})-({a})/({c})") == a * b - a / c


NO_FORMULAS = ["", "2**9999999", "1//0", "x", "abs(1)", "__import__('os')", "1;2", "'a'*9", "True", "1j", "[1]"]
NO_FORMULAS += ["(" * 90, "1" * 600, "1/0", "1 if 1 else 2", "\0"]


@pytest.mark.parametrize("formula", NO_FORMULAS)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ToolError):
        calculated(formula)
