"""The scripted writer of queries: what it takes from schemas and descriptions alone."""

from __future__ import annotations

from typing import Any

import pytest

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.tools.ideas import arguments, examples, phrase, together
from toolbench_eval.llms.scripts.tools.mind import DoneCall, ToolView
from toolbench_eval.llms.scripts.voices import tool_writer


def tool(name: str, description: str = "", **parameters: dict[str, Any]) -> ToolView:
    schema = {"type": "object", "properties": parameters, "required": list(parameters)}
    return ToolView(name, description, schema)


FIND = tool("find_book", "Find a book and its book_id.", title={"type": "string", "description": "Title, e.g. Emma."})
SHELF = tool("shelf_of", "Tell the shelf.", book_id={"type": "string", "description": "Id of a book, from find_book."})
CARD = tool("card_owner", "Tell whose card it is.", card_number={"type": "string"})


@pytest.mark.parametrize(
    ("name", "schema", "values"),
    [
        ("kind", {"enum": ["a", "b"]}, ["a", "b"]),
        ("city", {"type": "string", "examples": ["Rome"], "default": "Oslo"}, ["Rome", "Oslo"]),
        ("city", {"type": "string", "example": "Bern"}, ["Bern"]),
        ("dish", {"type": "string", "description": "A dish (e.g. rice, 'fish' or soup)."}, ["rice", "fish", "soup"]),
        ("number", {"type": "integer"}, [2, 3, 4, 5]),
        ("book_id", {"type": "string"}, []),
        ("name", {"type": "string"}, []),
    ],
)
def test_values_come_from_the_schema(name: str, schema: dict[str, Any], values: list[Any]) -> None:
    assert examples(name, schema) == values


def test_a_tool_comes_behind_the_one_that_brings_what_it_lacks() -> None:
    for salt in "abcdefgh":
        chosen = [one.name for one in together([SHELF, FIND, CARD], 2, 2, salt)]
        assert chosen == ["find_book", "shelf_of"]  # nobody tells a card_number
        assert [one.name for one in together([SHELF, FIND, CARD], 1, 1, salt)] == ["find_book"]


def test_arguments_come_from_facts_and_from_results() -> None:
    done = [DoneCall("find_book", {"title": "Emma"}, '{"id": "b-9", "title": "Emma"}')]
    assert arguments(SHELF, {}, done) == {"book_id": "b-9"}
    assert arguments(SHELF, {"book_id": "b-1"}, done) == {"book_id": "b-1"}
    assert arguments(SHELF, {}, [DoneCall("find_book", {}, '{"id": "b-9"}', ok=False)]) is None


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("Lists the pets. Sorted.", "list the pets"),
        ("Searches books, by title.", "search books"),
        ("Carries a bag from find_book.", "carry a bag from find book"),
        ("Passes a message", "pass a message"),
        ("", "do it now"),
    ],
)
def test_what_somebody_wants_to_do(description: str, said: str) -> None:
    assert phrase(tool("do_it_now", description)) == said


def test_other_prompts_are_not_its_own() -> None:
    assert tool_writer.reply([Message("system", "You are somebody else."), Message("user", "x")]) is None
