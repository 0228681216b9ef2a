"""The Parquet files beside a result: runs, per-query scores, judgments, document ids."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from toolbench_eval.atomic import atomic_path
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.results.parquet import ANY, Bounds, Check, is_text, read_table

RUN_COLUMNS: dict[str, Check] = {
    "query": pa.types.is_integer,
    "document": pa.types.is_integer,
    "score": pa.types.is_floating,
}
MOST_CELLS = 2**31
"""Places (queries x depth) of the largest run that is read."""

QRELS_COLUMNS: dict[str, Check] = {"query_id": is_text, "document_id": is_text, "grade": pa.types.is_integer}


def write_documents(path: Path, doc_ids: pa.LargeStringArray) -> None:
    """The vocabulary of document ids; runs point into it by row."""
    _write(path, pa.table({"document_id": doc_ids}))


def write_run(path: Path, run: Run) -> None:
    """A run as rows (query, document, score) in rank order: int32 positions and float32 scores."""
    there = run.documents != NO_DOCUMENT
    queries = np.repeat(np.arange(len(run), dtype=np.int32), run.lengths)
    # Scores hardly repeat, but their bytes do, column by column: a third smaller than a dictionary of them.
    packing: dict[str, Any] = {
        "use_dictionary": ["query", "document"],
        "column_encoding": {"score": "BYTE_STREAM_SPLIT"},
    }
    _write(path, pa.table({"query": queries, "document": run.documents[there], "score": run.scores[there]}), **packing)


def write_qrels(path: Path, qrels: Qrels) -> None:
    """Judgments as rows (query_id, document_id, grade) in the order of the queries that runs number."""
    queries, documents = qrels.query_ids.take(pa.array(qrels.rows)), qrels.doc_ids.take(pa.array(qrels.documents))
    _write(path, pa.table({"query_id": queries, "document_id": documents, "grade": qrels.grades}))


def write_per_query(path: Path, query_ids: pa.LargeStringArray, values: dict[str, npt.NDArray[np.float64]]) -> None:
    """The value of every measure for every query."""
    _write(path, pa.table({"query_id": query_ids, **values}))


def read_run(path: Path, query_ids: pa.LargeStringArray, doc_ids: pa.LargeStringArray, *, bounds: Bounds = ANY) -> Run:
    """A stored run.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is not a run over these queries and documents, or is larger than the bounds.
    """
    table = read_table(path, RUN_COLUMNS, bounds=bounds)
    queries, documents, scores = (table[name].to_numpy() for name in RUN_COLUMNS)
    n, size = len(query_ids), len(doc_ids)
    inside = [len(at) == 0 or (at.min() >= 0 and at.max() < size) for at, size in ((queries, n), (documents, size))]
    if not all(inside):
        raise DataError(f"the run points outside its {n} queries and {size} documents", file=path)
    queries = queries.astype(np.int64)
    if (np.diff(queries) < 0).any():
        raise DataError("the rows of a run must stand query by query", file=path)
    lengths = np.bincount(queries, minlength=n)
    ranks = np.arange(len(queries)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    shape = (n, int(lengths.max(initial=0)))
    if shape[0] * shape[1] > MOST_CELLS:
        raise DataError(f"the run ranks up to {shape[1]} documents for {n} queries: too large to hold", file=path)
    run = Run(query_ids, doc_ids, np.full(shape, NO_DOCUMENT, np.int32), np.full(shape, -np.inf, np.float32))
    run.documents[queries, ranks] = documents
    run.scores[queries, ranks] = scores
    return run


def read_documents(path: Path, *, bounds: Bounds = ANY) -> pa.LargeStringArray:
    """The vocabulary of document ids."""
    return string_array(read_table(path, {"document_id": is_text}, bounds=bounds)["document_id"])


def read_qrels(path: Path, *, bounds: Bounds = ANY) -> Qrels:
    """Stored judgments."""
    table = read_table(path, QRELS_COLUMNS, bounds=bounds)
    queries, documents = (string_array(table[name]).dictionary_encode() for name in ("query_id", "document_id"))
    lengths = np.bincount(queries.indices.to_numpy(), minlength=len(queries.dictionary))
    return Qrels.from_lengths(
        queries.dictionary, documents.dictionary, lengths, documents.indices.to_numpy(), table["grade"].to_numpy()
    )


def read_per_query(
    path: Path, *, bounds: Bounds = ANY
) -> tuple[pa.LargeStringArray, dict[str, npt.NDArray[np.float64]]]:
    """Query ids, and the values of every measure."""
    table = read_table(path, {"query_id": is_text}, others=pa.types.is_floating, bounds=bounds)
    measures = [name for name in table.column_names if name != "query_id"]
    return string_array(table["query_id"]), {name: table[name].to_numpy() for name in measures}


def run_digest(run: Run) -> str:
    """SHA-256 of what a run says, whatever file it is in: ids and float32 scores in rank order."""
    there = run.documents != NO_DOCUMENT
    digest = hashlib.sha256()
    for part in (run.query_ids, run.doc_ids.take(pa.array(run.documents[there]))):
        digest.update(_framed(part))
    digest.update(run.lengths.astype("<i8").tobytes())
    digest.update(run.scores[there].astype("<f4").tobytes())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _framed(texts: pa.LargeStringArray) -> pa.Buffer:
    """All texts as UTF-8, each with its number of bytes in front; no Python string is made for any."""
    kind = pa.large_string()
    lengths = pc.binary_length(texts).cast(kind)
    framed = pc.binary_join_element_wise(lengths, texts, pa.scalar(":", kind))
    whole = pa.LargeListArray.from_arrays([0, len(framed)], framed)
    return pc.binary_join(whole, pa.scalar("", kind))[0].as_buffer()


def _write(path: Path, table: pa.Table, **packing: Any) -> None:
    # Whoever takes up unfinished work compares digests, and the finished result is synced as a whole.
    with atomic_path(path, durable=False) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_statistics=False, store_schema=False, **packing)
