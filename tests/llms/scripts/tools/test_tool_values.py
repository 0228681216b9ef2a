"""Kinds of values that arguments take, and the values that a request says."""

from __future__ import annotations

import json

import pytest

from toolbench_eval.llms.scripts.tools.mind import ToolView, next_move
from toolbench_eval.llms.scripts.tools.programs import told_in
from toolbench_eval.llms.scripts.tools.values import kind_of, spoken_values, type_of


@pytest.mark.parametrize(
    ("name", "schema", "kind"),
    [
        ("movie_id", {"type": "integer"}, "id"),
        ("card_number", {"type": "string"}, "id"),
        ("who", {"type": "string", "description": "Id of a person."}, "id"),
        ("date", {"type": "string"}, "date"),
        ("on", {"type": "string", "description": "Day, YYYY-MM-DD."}, "date"),
        ("start", {"type": "string", "description": "HH:MM"}, "time"),
        ("count", {"type": "integer"}, "number"),
        ("mode", {"enum": ["a"]}, "choice"),
        ("loud", {"type": "boolean"}, "truth"),
        ("query", {"type": "string"}, "text"),
        ("anything", {}, "text"),
        ("anything", {"type": None}, "text"),
        ("anything", {"type": []}, "text"),
        ("anything", {"type": ["null"]}, "text"),
        ("query", {"type": ["string", "null"]}, "text"),
        ("count", {"type": ["null", "integer"]}, "number"),
        ("movie_id", {"type": ["integer", "null"]}, "id"),
        ("loud", {"type": ["boolean", "null"]}, "truth"),
    ],
)
def test_kinds_of_arguments(name, schema, kind):
    assert kind_of(name, schema) == kind


def test_what_a_request_says():
    said = spoken_values('Book room B-12 for Ada Byron\'s aunt and 3 guests on 2031-01-02 at 9:30, with "tea".')
    assert said.ids == ("B-12",)
    assert (said.dates, said.times, said.quoted) == (("2031-01-02",), ("9:30",), ("tea",))
    assert said.numbers == ((3, "guests"),)
    assert said.names == ("B-12", "Ada Byron")


@pytest.mark.parametrize(
    ("schema", "kind"),
    [({"type": "integer"}, "integer"), ({"type": ["null", "number"]}, "number"), ({"type": [7]}, ""), ({}, "")],
)
def test_types(schema, kind):
    assert type_of(schema) == kind


def test_an_argument_that_may_be_null_is_filled_like_any_other():
    def seats(kind):
        parameters = {"properties": {"seats": {"type": kind, "description": "How many seats."}}, "required": ["seats"]}
        return next_move("Reserve 3 seats.", [ToolView("reserve_seats", "Reserve seats.", parameters)], [])

    assert seats(["integer", "null"]) == seats("integer")
    assert seats("integer").arguments == {"seats": 3}


def test_a_tool_that_is_told_of_has_one_type_for_each_argument():
    row = {"name": "a", "parameters": {"properties": {"x": {"type": ["null", "integer"]}, "y": {}}}}
    (tool,) = told_in(f"<tools>\n{json.dumps(row)}\n</tools>")
    assert tool.view.parameters["properties"] == {"x": {"type": "integer"}, "y": {}}
