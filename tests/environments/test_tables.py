"""Arithmetic and look-ups in a table of text."""

from __future__ import annotations

import pytest

from toolbench_eval.environments.tables import calculator_environment, table_environment

TABLE = "Name: Sales\nUnit: $\nContent:\nDay | Sold | Price\nMonday | 1,200 | $3.50\nTuesday | 8 | ?"


@pytest.mark.parametrize(
    ("formula", "value"), [("2*(3+4)", 14), ("7/2", 3.5), ("1,200 - 200", 1000), ("-.5*2", -1), ("10/4", 2.5)]
)
def test_calculation(formula: str, value: float):
    assert calculator_environment().call("calculate", {"formula": formula}).value == value


def test_what_is_no_formula_is_an_error():
    calculator = calculator_environment()
    assert calculator.call("calculate", {"formula": "open('x')"}).error == "invalid_arguments"
    assert calculator.call("calculate", {"formula": "1/0"}).error == "tool_error"


def test_look_ups():
    table = table_environment(TABLE)
    assert table.call("read_table", {}).value[0] == ["Day", "Sold", "Price"]
    assert table.call("look_up", {"row": "monday"}).value == "1,200"
    assert table.call("look_up", {"row": "Tuesday", "column": "price"}).value == "?"
    assert table.call("column_numbers", {"column": "Sold"}).value == [1200, 8]
    assert table.call("column_numbers", {"column": "Price"}).value == [3.5]
    assert "Monday" in table.call("look_up", {"row": "Sunday"}).text
    assert "Day, Sold, Price" in table.call("column_numbers", {"column": "Cost"}).text


def test_a_table_without_heading_can_be_read():
    table = table_environment("Content:\ntennis ticket | $20.63\ngolf ticket | $84.70")
    assert table.call("look_up", {"row": "golf ticket"}).value == "$84.70"
    assert table_environment("no table").call("read_table", {}).value == []
