"""What is known of Saltmere, an invented town: the tables behind the functions."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from toolbench_eval.environments.toolbox import ToolError

Row = dict[str, Any]
State = dict[str, Any]
"""What calls may change: `reservations`, `stock`, `orders`, `bookings`, `seats_left` and `tickets`, each by id."""

MOST = 5
"""Rows that a search brings."""


@cache
def town() -> Mapping[str, Any]:
    """All tables; nobody may change them."""
    found: Mapping[str, Any] = json.loads((Path(__file__).parent / "town.json").read_text(encoding="utf-8"))
    return found


def first_state() -> State:
    """The state before the first call, a copy of one's own."""
    return copy.deepcopy(dict(town()["state"]))


def the(table: str, key: str, value: object) -> Row:
    """The row of a table with this value.

    Raises:
        ToolError: There is none.
    """
    row = next((row for row in town()[table] if row[key] == value), None)
    if row is None:
        raise ToolError(f"no entry with {key} '{value}'")
    return dict(row)


def part(row: Mapping[str, Any], *keys: str) -> Row:
    """Some columns of a row."""
    return {key: row[key] for key in keys}


def by_words(table: str, asked: str, *keys: str) -> list[Row]:
    """Rows that share words with what is asked, those that share most first."""
    wanted = set(_words(asked))
    shared = [(len(wanted & set(_words(" ".join(str(row[key]) for key in keys)))), row) for row in town()[table]]
    return [dict(row) for count, row in sorted(shared, key=lambda one: -one[0]) if count][:MOST]


def whole(number: int, what: str) -> int:
    """A number of things.

    Raises:
        ToolError: It is below 1.
    """
    if number < 1:
        raise ToolError(f"{what} must be at least 1, found {number}", "invalid_arguments")
    return number


def free_key(taken: Iterable[str], stem: str) -> str:
    """The stem with the first number that is not taken."""
    known, number = set(taken), 1
    while f"{stem}-{number}" in known:
        number += 1
    return f"{stem}-{number}"


def _words(text: str) -> list[str]:
    # A plural finds its singular.
    return [word.removesuffix("s") for word in re.findall(r"\w+", text.casefold())]
