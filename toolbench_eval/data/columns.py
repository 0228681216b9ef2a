"""Columns of tables as ids and texts, and the faults in them: readers raise the first, `tasks check` lists all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.files import kind_of
from toolbench_eval.data.ids import duplicates, string_array
from toolbench_eval.errors import DataError


def text_column(table: pa.Table, name: str, file: str, *, nullable: bool = False) -> pa.LargeStringArray:
    """A column of texts.

    Raises:
        DataError: The column is missing, is not text, or has a null although it may not.
    """
    for fault in text_faults(table, name, file, nullable=nullable):
        raise fault
    return string_array(table[name])


def id_column(table: pa.Table, name: str, file: str) -> pa.LargeStringArray:
    """A column of ids: texts, or integers that are read as text.

    Raises:
        DataError: The column is missing, an id is null or empty, or is neither text nor integer.
    """
    for fault in id_faults(table, name, file):
        raise fault
    return string_array(table[name])


def text_faults(table: pa.Table, name: str, file: str, *, nullable: bool = False) -> list[DataError]:
    """What keeps a column from being texts."""
    if name not in table.column_names:
        return [DataError(f"there is no such column; found {', '.join(table.column_names)}", file=file, field=name)]
    kind = table[name].type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return [DataError(f"must be text, found {kind}", file=file, field=name)]
    if nullable:
        return []
    return [_missing(file, at, name) for at in _places(table[name].is_null())]


def id_faults(table: pa.Table, name: str, file: str) -> list[DataError]:
    """What keeps a column from being ids; that one stands twice is for `repeated_ids`."""
    if name in table.column_names and pa.types.is_integer(table[name].type):
        return [_missing(file, at, name) for at in _places(table[name].is_null())]
    faults = text_faults(table, name, file)
    if any(fault.row is None for fault in faults):  # no column of texts at all
        return faults
    empty = _places(pc.equal(table[name], ""))
    return [*faults, *(DataError("the id is empty", file=file, row=row_number(file, at), field=name) for at in empty)]


def repeated_ids(ids: pa.LargeStringArray, name: str, file: str) -> list[DataError]:
    """The ids that stood earlier already; null is none."""
    return [
        DataError(f"the id '{ids[at]}' stands twice", file=file, row=row_number(file, at), field=name)
        for at in duplicates(ids).tolist()
        if ids[at].is_valid
    ]


def row_number(file: str | Path, at: int) -> int:
    """The number of a record as a user counts it: from 1, the header of CSV and TSV included."""
    return at + (2 if is_delimited(file) else 1)


def is_delimited(file: str | Path) -> bool:
    """Whether a file is CSV or TSV, whose cells are texts and never null."""
    return kind_of(Path(file).name)[0] in (".csv", ".tsv")


def _missing(file: str, at: int, name: str) -> DataError:
    return DataError("the value is missing (null)", file=file, row=row_number(file, at), field=name)


def _places(mask: pa.ChunkedArray) -> list[int]:
    found: list[int] = np.flatnonzero(pc.fill_null(mask, False).to_numpy()).tolist()
    return found
