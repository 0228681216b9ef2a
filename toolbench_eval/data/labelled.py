"""Queries that carry their labels: one table of id, text, instruction and labels (ToolRet's layout)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.ids import duplicates, string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError
from toolbench_eval.suites import QueryColumns


@dataclass(frozen=True)
class Labels:
    """The labels of one query."""

    documents: list[str]
    grades: list[int]


def read_queries(
    table: pa.Table, columns: QueryColumns, file: str, *, rename: bool = False
) -> tuple[Queries, list[str]]:
    """The queries of a table.

    Args:
        table: One row a query.
        columns: Names of its columns.
        file: Where the table is from, for messages.
        rename: Whether an id that stands again gets a number behind it, or is refused.

    Returns:
        The queries, and notes on what was renamed.

    Raises:
        DataError: A column is missing, an id is empty or stands twice, a text is not a string.
    """
    ids = id_column(table, columns.id, file)
    notes = []
    if len(again := duplicates(ids)):
        if not rename:
            raise DataError(
                f"the id '{ids[again[0]]}' stands twice", file=file, row=int(again[0]) + 1, field=columns.id
            )
        ids = _numbered(ids)
        notes.append(f"{file}: {len(again)} queries with an id that stands twice got a number")
    instructions = None
    if columns.instruction is not None and columns.instruction in table.column_names:
        instructions = text_column(table, columns.instruction, file, nullable=True)
    return Queries(ids, text_column(table, columns.query, file), instructions), notes


def read_labels(
    table: pa.Table,
    columns: QueryColumns,
    query_ids: pa.LargeStringArray,
    file: str,
    *,
    allow_empty: bool = False,
) -> Qrels:
    """The labels of a table whose rows carry them, as a list of `{id, relevance}` or as JSON of one.

    Args:
        table: One row a query.
        columns: Names of its columns, and of a label's grade.
        query_ids: Ids of the rows.
        file: Where the table is from, for messages.
        allow_empty: Whether a query may have no label.

    Raises:
        DataError: Labels are not such a list, are empty, repeat a document, or a grade is no integer.
    """
    if columns.labels not in table.column_names:
        raise DataError(f"there is no such column; found {table.column_names}", file=file, field=columns.labels)
    values = table[columns.labels].to_pylist()
    rows = [_labels(value, columns, file, row) for row, value in enumerate(values, start=1)]
    if not allow_empty and (bare := next((row for row, one in enumerate(rows, start=1) if not one.documents), 0)):
        raise DataError("the query has no label", file=file, row=bare, field=columns.labels)
    encoded = string_array(chain.from_iterable(row.documents for row in rows)).dictionary_encode()
    grades: Iterable[int] = chain.from_iterable(row.grades for row in rows)
    lengths = [len(row.documents) for row in rows]
    return Qrels.from_lengths(query_ids, encoded.dictionary, lengths, encoded.indices.to_numpy(), grades)


def text_column(table: pa.Table, name: str, file: str, *, nullable: bool = False) -> pa.LargeStringArray:
    """A column of texts.

    Raises:
        DataError: The column is missing, is not text, or has a null although it may not.
    """
    if name not in table.column_names:
        raise DataError(f"there is no such column; found {table.column_names}", file=file, field=name)
    column = table[name]
    kind = column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not is_text and not (nullable and pa.types.is_null(kind)):
        raise DataError(f"must be text, found {kind}", file=file, row=1, field=name)
    array = string_array(column)
    if not nullable and array.null_count:
        raise DataError("the value is missing (null)", file=file, row=_first(array.is_null()), field=name)
    return array


def id_column(table: pa.Table, name: str, file: str) -> pa.LargeStringArray:
    """A column of ids: texts, or integers that are read as text.

    Raises:
        DataError: The column is missing, an id is null or empty, or is neither text nor integer.
    """
    if name in table.column_names and pa.types.is_integer(table[name].type):
        table = table.select([name]).cast(pa.schema([(name, pa.large_string())]))
    ids = text_column(table, name, file)
    if empty := _first(pc.equal(ids, "")):
        raise DataError("the id is empty", file=file, row=empty, field=name)
    return ids


def _labels(value: Any, columns: QueryColumns, file: str, row: int) -> Labels:
    field = columns.labels
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise DataError(f"not JSON: {error}", file=file, row=row, field=field) from None
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, dict) for one in value):
        wanted = f"a list of objects with 'id' and '{columns.grade}'"
        raise DataError(f"must be {wanted}, found {value!r:.60}", file=file, row=row, field=field)
    documents = [_document(one, file, row, field) for one in value]
    if len(set(documents)) < len(documents):
        twice = next(doc for at, doc in enumerate(documents) if doc in documents[:at])
        raise DataError(f"the document '{twice}' is labelled twice", file=file, row=row, field=field)
    return Labels(documents, [_grade(one.get(columns.grade, 1), file, row, field) for one in value])


def _document(label: dict[str, Any], file: str, row: int, field: str) -> str:
    document = label.get("id")
    if isinstance(document, int) and not isinstance(document, bool):
        return str(document)
    if not isinstance(document, str) or not document:
        raise DataError(
            f"a label's id must be a text that is not empty, found {document!r}", file=file, row=row, field=field
        )
    return document


def _grade(grade: Any, file: str, row: int, field: str) -> int:
    if isinstance(grade, bool) or not isinstance(grade, int):
        raise DataError(f"a grade must be an integer, found {grade!r}", file=file, row=row, field=field)
    if not np.iinfo(np.int32).min <= grade <= np.iinfo(np.int32).max:
        raise DataError(f"the grade {grade} is out of range", file=file, row=row, field=field)
    return grade


def _numbered(ids: pa.LargeStringArray) -> pa.LargeStringArray:
    """Ids made unique: the second `a` becomes `a#2`."""
    seen: Counter[str] = Counter()
    names = []
    for name in ids.to_pylist():
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return string_array(names)


def _first(mask: pa.BooleanArray) -> int:
    """1-based position of the first true value, 0 if there is none."""
    at = pc.index(mask, pa.scalar(True)).as_py()
    return int(at) + 1
