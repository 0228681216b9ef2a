"""Figures that somebody published: shown apart from the entries, since nobody can prove them here."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from pydantic import Field, ValidationError, field_validator

from toolbench_eval.errors import DataError
from toolbench_eval.leaderboard.limits import TABLE_BYTES, read_bounded
from toolbench_eval.suites import Declared

COLUMNS = ("system", "kind", "setting", "group", "measure", "value", "source", "flag")


class Reported(Declared):
    """A row of `reported.csv`."""

    system: str = Field(min_length=1, max_length=120)
    kind: str = Field(max_length=60)
    setting: str = Field(max_length=120)
    """`with` or `without` instruction, or another setting in words."""
    group: str = Field(max_length=120)
    """The category or average that the value is of."""
    measure: str = Field(max_length=80)
    value: float
    """As it was published, mostly in percent."""
    source: str = Field(min_length=1, max_length=200)
    flag: str = Field(default="", max_length=300)
    """What is doubtful about the value; empty for none."""

    @field_validator("value")
    @classmethod
    def _finite(cls, value: float) -> float:
        if not math.isfinite(value):
            raise ValueError("must be a finite number")
        return value

    @field_validator("system", "kind", "setting", "group", "measure", "source", "flag")
    @classmethod
    def _printable(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError("must be one line without control characters")
        return text


def read_reported(path: Path) -> list[Reported]:
    """The reported figures of a board.

    Raises:
        MissingDataError: The board has none.
        DataError: A row is not what it should be.
    """
    lines = io.StringIO(read_bounded(path, TABLE_BYTES), newline="")
    rows: list[Reported] = []
    try:
        reader = csv.DictReader(lines, strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise DataError(f"the header must be {','.join(COLUMNS)}", file=path, row=1)
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise DataError(f"must have {len(COLUMNS)} fields", file=path, row=number)
            rows.append(Reported.model_validate(row))
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        raise DataError(first["msg"], file=path, row=len(rows) + 2, field=field) from None
    except csv.Error as error:
        raise DataError(f"not CSV: {error}", file=path, row=len(rows) + 2) from None
    return rows
