"""Judgments in a file of their own: TREC qrels, or a table with a header as in BEIR."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.files import read_table
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError

COLUMNS = (("query-id", "corpus-id", "score"), ("query_id", "doc_id", "relevance"))
"""Headers that are understood: BEIR's, and the plain one that our documentation uses."""


def read_judgments(path: Path) -> Qrels:
    """Judgments from a `.tsv`/`.csv`/`.jsonl`/`.parquet` table with a header, or from a TREC file.

    Raises:
        MissingDataError: There is no such file.
        DataError: A row is wrong; names file, row and field.
    """
    if not any(path.name.endswith(f"{kind}{packed}") for kind in TABLES for packed in ("", ".gz", ".zst")):
        from toolbench_eval.ranking.trec import read_qrels

        return read_qrels(path)
    table = read_table(path)
    for names in COLUMNS:
        if set(names) <= set(table.column_names):
            return _judgments(table, names, path)
    wanted = " or ".join(", ".join(names) for names in COLUMNS)
    raise DataError(f"expected the columns {wanted}; found {', '.join(table.column_names)}", file=path, row=1)


TABLES = (".tsv", ".csv", ".jsonl", ".parquet")


def _judgments(table: pa.Table, names: tuple[str, str, str], path: Path) -> Qrels:
    query, document, grade = (table[name].combine_chunks() for name in names)
    for name, column in zip(names[:2], (query, document), strict=True):
        if column.null_count:
            raise DataError("the value is missing", file=path, row=column.is_null().index(True).as_py() + 2, field=name)
    grades = _integers(grade, path, names[2])
    queries = string_array(query).dictionary_encode()
    documents = string_array(document).dictionary_encode()
    rows = queries.indices.to_numpy()
    order = np.argsort(rows, kind="stable")
    _refuse_repeated(rows, documents.indices.to_numpy(), path)
    return Qrels.from_lengths(
        queries.dictionary,
        documents.dictionary,
        np.bincount(rows, minlength=len(queries.dictionary)),
        documents.indices.to_numpy()[order],
        grades[order],
    )


def _integers(grade: pa.Array, path: Path, name: str) -> npt.NDArray[np.int64]:
    if pa.types.is_integer(grade.type) and not grade.null_count:
        return np.asarray(grade.to_numpy(), dtype=np.int64)
    for row, value in enumerate(grade.to_pylist(), start=2):
        if isinstance(value, bool) or not isinstance(value, int):
            raise DataError(f"a grade must be an integer, found {value!r}", file=path, row=row, field=name)
    return np.empty(0, dtype=np.int64)


def _refuse_repeated(rows: npt.NDArray[np.int32], documents: npt.NDArray[np.int32], path: Path) -> None:
    pairs = rows.astype(np.int64) * (int(documents.max(initial=0)) + 1) + documents
    _, first = np.unique(pairs, return_index=True)
    if len(first) < len(pairs):
        again = int(np.setdiff1d(np.arange(len(pairs)), first)[0])
        raise DataError("the same document is judged twice for a query", file=path, row=again + 2)
