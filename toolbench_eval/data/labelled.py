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

from toolbench_eval.data.columns import id_column, is_delimited, repeated_ids, row_number, text_column
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError
from toolbench_eval.suites import QueryColumns

_GRADES = np.iinfo(np.int32)


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
    if again := repeated_ids(ids, columns.id, file):
        if not rename:
            raise again[0]
        ids = _numbered(ids)
        notes.append(f"{file}: {len(again)} queries with an id that stands twice got a number")
    instructions = None
    if columns.instruction is not None and columns.instruction in table.column_names:
        instructions = text_column(table, columns.instruction, file, nullable=True)
        if is_delimited(file):
            instructions = pc.if_else(pc.equal(instructions, ""), None, instructions)
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
    rows, faults = inspect_labels(table, columns, file, allow_empty=allow_empty)
    for fault in faults:
        raise fault
    encoded = string_array(chain.from_iterable(row.documents for row in rows)).dictionary_encode()
    grades: Iterable[int] = chain.from_iterable(row.grades for row in rows)
    lengths = [len(row.documents) for row in rows]
    return Qrels.from_lengths(query_ids, encoded.dictionary, lengths, encoded.indices.to_numpy(), grades)


def inspect_labels(
    table: pa.Table, columns: QueryColumns, file: str, *, allow_empty: bool = False
) -> tuple[list[Labels], list[DataError]]:
    """The labels of every row, without those that are wrong, and all that is wrong with them."""
    if columns.labels not in table.column_names:
        found = ", ".join(table.column_names)
        return [], [DataError(f"there is no such column; found {found}", file=file, field=columns.labels)]
    rows: list[Labels] = []
    faults: list[DataError] = []
    for at, value in enumerate(table[columns.labels].to_pylist()):
        labels, problems = _labels(value, columns)
        if not allow_empty and not labels.documents and not problems:
            problems = ["the query has no label"]
        rows.append(labels)
        faults += [DataError(one, file=file, row=row_number(file, at), field=columns.labels) for one in problems]
    return rows, faults


def _labels(value: Any, columns: QueryColumns) -> tuple[Labels, list[str]]:
    """The labels of one query, and what is wrong with them."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            return Labels([], []), [f"not JSON: {error}"]
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, dict) for one in value):
        wanted = f"a list of objects with 'id' and '{columns.grade}'"
        return Labels([], []), [f"must be {wanted}, found {value!r:.60}"]
    grades: dict[str, int] = {}
    problems: list[str] = []
    for label in value:
        document, grade = label.get("id"), label.get(columns.grade, 1)
        if isinstance(document, int) and not isinstance(document, bool):
            document = str(document)
        if not isinstance(document, str) or not document:
            problems.append(f"a label's id must be a text that is not empty, found {document!r}")
        elif document in grades:
            problems.append(f"the document '{document}' is labelled twice")
        elif isinstance(grade, bool) or not (isinstance(grade, int) or _is_whole(grade)):
            problems.append(f"a grade must be an integer, found {grade!r}")
        elif not _GRADES.min <= grade <= _GRADES.max:
            problems.append(f"the grade {grade} is out of range")
        else:
            grades[document] = int(grade)
    return Labels(list(grades), list(grades.values())), problems


def _is_whole(grade: object) -> bool:
    """Whether it is a float without a fraction, as pandas writes an integer of a column with gaps."""
    return isinstance(grade, float) and grade.is_integer()


def _numbered(ids: pa.LargeStringArray) -> pa.LargeStringArray:
    """Ids made unique: the second `a` becomes `a#2`."""
    seen: Counter[str] = Counter()
    names = []
    for name in ids.to_pylist():
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return string_array(names)
