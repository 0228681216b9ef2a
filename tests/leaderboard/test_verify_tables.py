"""`verify` finds spoiled runs, documents and values per query, and is not drowned by what they unpack to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.forging import FILE, Forger, faults, task


def spoil_scores(value: float):
    def spoil(forger: Forger) -> None:
        run = forger.table(f"runs/{FILE}")
        scores = run["score"].to_numpy().copy()
        scores[5] = value
        forger.replace(f"runs/{FILE}", run.set_column(2, "score", pa.array(scores)))

    return spoil


def spoil_documents(change):
    def spoil(forger: Forger) -> None:
        name = task(forger.result)["documents_file"]
        forger.replace(name, pa.table({"document_id": change(forger.table(name)["document_id"].to_pylist())}))

    return spoil


def spoil_run(change):
    def spoil(forger: Forger) -> None:
        forger.replace(f"runs/{FILE}", change(forger.table(f"runs/{FILE}")))

    return spoil


def spoil_per_query(change):
    def spoil(forger: Forger) -> None:
        forger.replace(f"per_query/{FILE}", change(forger.table(f"per_query/{FILE}")))

    return spoil


def repeated_document(run: pa.Table) -> pa.Table:
    documents = run["document"].to_numpy().copy()
    documents[1] = documents[0]
    return run.set_column(1, "document", pa.array(documents))


SPOILED = {
    "NaN": (spoil_scores(float("nan")), "no finite number"),
    "infinite": (spoil_scores(float("inf")), "no finite number"),
    "rising": (spoil_scores(1e9), "a score is higher than the one ranked before it"),
    "unknown document": (spoil_documents(lambda ids: [*ids[:-1], "zzz"]), "the corpus has no document 'zzz'"),
    "document twice": (spoil_documents(lambda ids: [ids[0], *ids[:-1]]), "must be sorted, each once"),
    "unsorted": (spoil_documents(lambda ids: ids[::-1]), "must be sorted, each once"),
    "fewer documents": (spoil_documents(lambda ids: ids[:3]), "points outside"),
    "ranked twice": (spoil_run(repeated_document), "twice"),
    "too many rows": (spoil_run(lambda run: pa.concat_tables([run, run])), "rows; at most"),
    "no scores": (spoil_run(lambda run: run.drop_columns(["score"])), "the column is missing"),
    "texts": (spoil_run(lambda run: run.set_column(1, "document", run["document"].cast(pa.string()))), "not a column"),
    "negative": (
        spoil_run(lambda run: run.set_column(0, "query", pc.subtract(run["query"], 5))),
        "points outside",
    ),
    "huge": (
        spoil_run(lambda run: run.set_column(1, "document", pc.add(run["document"].cast("int64"), 2**40))),
        "points outside",
    ),
    "out of order": (spoil_run(lambda run: run.take(list(range(len(run)))[::-1])), "query by query"),
    "other queries": (
        spoil_per_query(lambda t: t.set_column(0, "query_id", pa.array([f"q{i}" for i in range(len(t))]))),
        "must name the 24 queries",
    ),
    "fewer queries": (spoil_per_query(lambda t: t.slice(0, 5)), "must name the 24 queries"),
    "NaN per query": (
        spoil_per_query(lambda t: t.set_column(1, t.column_names[1], pa.array([float("nan")] * len(t)))),
        "per_query_file",
    ),
    "lacking measure": (spoil_per_query(lambda t: t.drop_columns(["nDCG@10"])), "other measures than the result"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_files_are_found(board, forger, name):
    spoil, words = SPOILED[name]
    spoil(forger)
    found = faults(board)
    assert any(text.startswith(f"{forger.folder.name}: ") and words in text for text in found), found


def test_a_run_of_unsigned_positions_is_read_alike(board, forger):
    run = forger.table(f"runs/{FILE}")
    forger.replace(f"runs/{FILE}", run.set_column(0, "query", run["query"].cast(pa.uint32())))
    assert faults(board) == []


def test_dictionary_bomb(board, forger):
    """3 kB that stand for 40 GB of text."""
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(400_000, dtype=np.int32)), ["x" * 100_000])
    name = f"per_query/{FILE}"
    values = {column: np.zeros(400_000) for column in forger.table(name).column_names[1:]}
    forger.replace(name, pa.table({"query_id": ids, **values}))
    assert (forger.folder / name).stat().st_size < 50_000
    assert any("rows; at most 24 are read" in text for text in faults(board))
    documents = task(forger.result)["documents_file"]
    forger.replace(documents, pa.table({"document_id": ids}))
    assert any("document_id" in text and "unpacks to 40000000000 bytes" in text for text in faults(board))


def test_page_bomb(board, forger):
    """A few kilobytes of zstd that unpack to more than a run can take."""
    rows = 24 * 100
    table = pa.table({"query": np.zeros(rows, np.int32), "document": np.zeros(rows, np.int32)})
    table = table.append_column("score", pa.array(np.zeros(rows, np.float32)))
    table = table.append_column("more", pa.array(["x" * 10_000] * rows))
    forger.replace(f"runs/{FILE}", table, use_dictionary=False, compression_level=19)
    assert (forger.folder / f"runs/{FILE}").stat().st_size < 20_000
    assert any("unpacks to more than" in text for text in faults(board))
