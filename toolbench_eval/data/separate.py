"""Judgments in a file of their own: TREC qrels, or a table with a header as in BEIR."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.columns import id_column, row_number
from toolbench_eval.data.files import is_data_file, read_table
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError

COLUMNS = (("query-id", "corpus-id", "score"), ("query_id", "doc_id", "relevance"))
"""Headers that are understood: BEIR's, and the plain one that our documentation uses."""

_INTEGER = re.compile(r"([+-]?[0-9]+)(\.0+)?")
_RANGE = np.iinfo(np.int32)


def read_judgments(path: Path) -> Qrels:
    """Judgments from a table with a header (`.tsv`, `.csv`, `.jsonl`, `.parquet` ...), or from a TREC file.

    Raises:
        MissingDataError: There is no such file.
        DataError: A row is wrong; names file, row and field.
    """
    if not is_data_file(path.name):
        from toolbench_eval.ranking.trec import read_qrels

        return read_qrels(path)
    table, (query, document, grade) = judgment_table(path)
    for fault in grade_faults(table[grade], path, grade):
        raise fault
    queries = string_array(id_column(table, query, str(path))).dictionary_encode()
    documents = string_array(id_column(table, document, str(path))).dictionary_encode()
    rows, columns = queries.indices.to_numpy(), documents.indices.to_numpy()
    for at in _repeated(rows, columns):
        raise DataError("the document is judged twice for the query", file=path, row=row_number(path, int(at)))
    order = np.argsort(rows, kind="stable")
    return Qrels.from_lengths(
        queries.dictionary,
        documents.dictionary,
        np.bincount(rows, minlength=len(queries.dictionary)),
        columns[order],
        np.fromiter(map(_grade, table[grade].to_pylist()), np.int64)[order],
    )


def judgment_table(path: Path) -> tuple[pa.Table, tuple[str, str, str]]:
    """A table of judgments, and the names of its columns: query, document, grade.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is no such table.
    """
    table = read_table(path)
    for names in COLUMNS:
        if set(names) <= set(table.column_names):
            return table, names
    wanted = " or ".join(", ".join(names) for names in COLUMNS)
    raise DataError(f"expected the columns {wanted}; found {', '.join(table.column_names)}", file=path, row=1)


def grade_faults(grades: pa.ChunkedArray, path: Path, field: str) -> list[DataError]:
    """The grades that are no integers. Digits are one, as text formats have nothing else, and so is 1.0."""
    faults: list[DataError] = []
    for at, value in enumerate(grades.to_pylist()):
        whole = _grade(value)
        if whole is None:
            message = f"a grade must be an integer, found {value!r}"
        elif not _RANGE.min <= whole <= _RANGE.max:
            message = f"the grade {value} is out of range"
        else:
            continue
        faults.append(DataError(message, file=path, row=row_number(path, at), field=field))
    return faults


def _repeated(rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Places of (query, document) pairs that stood earlier already."""
    pairs = rows.astype(np.int64) * (int(columns.max(initial=0)) + 1) + columns
    _, first = np.unique(pairs, return_index=True)
    return np.setdiff1d(np.arange(len(pairs)), first)


def _grade(value: object) -> int | None:
    """The whole number that a value is, as an integer, a float or text; None if it is none."""
    if isinstance(value, str):
        found = _INTEGER.fullmatch(value)
        return None if found is None else int(found[1])
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
