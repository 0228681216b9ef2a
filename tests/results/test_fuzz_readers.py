"""Readers of results, runs and boards on broken and hostile input: one clear error, no traceback, no write."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import toolbench_eval
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, EvalHarnessError
from toolbench_eval.evaluation.reporter import LoggingReporter
from toolbench_eval.leaderboard.board import find_boards
from toolbench_eval.leaderboard.entry import Submission
from toolbench_eval.leaderboard.reported import read_reported
from toolbench_eval.leaderboard.submit import submit
from toolbench_eval.leaderboard.verify import verify_board
from toolbench_eval.ranking.trec import read_qrels, read_run
from toolbench_eval.registry import Registry
from toolbench_eval.results import parquet, sidecars
from toolbench_eval.results.rescore import rescore
from toolbench_eval.results.schema import identity_of
from toolbench_eval.results.store import find_result, read_result
from toolbench_eval.results.thrift import MalformedError, read_struct

FUZZ = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Mutations = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "insert"]), st.floats(0, 1, exclude_max=True), st.binary(max_size=8)),
    min_size=1,
    max_size=6,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def mutated(content: bytes, mutations: list[tuple[str, float, bytes]]) -> bytes:
    """Content with bytes overwritten, cut away and inserted."""
    for kind, place, data in mutations:
        at = int(place * (len(content) + 1))
        if kind == "cut":
            content = content[:at] + content[at + 1 + len(data) * 7 :]
        else:
            content = content[:at] + data + content[at + (len(data) if kind == "set" else 0) :]
    return content


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    toolbench_eval.evaluate("sample", "bm25", out=folder, instruction="without", offline=True)
    return find_result(folder)


@pytest.fixture(scope="module")
def board(result: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("boards") / "board"
    statement = Submission(contact="A", licence="B", trained_on="none")
    submit(result, folder, statement, Registry(), Access(offline=True), LoggingReporter())
    (folder / "reported.csv").write_text("system,kind,setting,group,measure,value,source,flag\na,,with,web,R@1,1,b,\n")
    return folder


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    there = ((path, path.lstat()) for path in folder.rglob("*"))
    return {str(path): (status.st_size, status.st_mtime_ns) for path, status in there}


def refuses_or_reads(read: Any, *arguments: Any) -> None:
    """The reader may take it or refuse it; anything else than the errors users are shown fails the test."""
    try:
        read(*arguments)
    except EvalHarnessError as error:
        assert str(error)


@FUZZ
@given(mutations=Mutations)
def test_mutated_results(result, tmp_path, mutations):
    path = tmp_path / "result.json"
    path.write_bytes(mutated(result.read_bytes(), mutations))
    refuses_or_reads(read_result, path)


@FUZZ
@given(data=st.data())
def test_results_with_any_value_anywhere(result, tmp_path, data):
    """The forger fixes the identity, so the reader has to look at the values."""
    values = json.loads(result.read_text())
    target: Any = values
    while True:
        key = data.draw(st.sampled_from(sorted(target) if isinstance(target, dict) else range(len(target))))
        deeper = isinstance(target[key], dict | list) and len(target[key]) and data.draw(st.booleans())
        if not deeper:
            break
        target = target[key]
    target[key] = data.draw(JSON)
    with contextlib.suppress(ValueError):  # NaN or half a character has no identity: the reader must say so itself
        values["identity"] = identity_of(values)
    path = tmp_path / "forged" / "result.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")
    for name in ("runs", "qrels", "documents", "per_query"):
        shutil.copytree(result.parent / name, path.parent / name, dirs_exist_ok=True)
    refuses_or_reads(rescore, path)


@FUZZ
@given(mutations=Mutations, kind=st.sampled_from(["runs/trips", "per_query/trips", "qrels/trips", "documents"]))
def test_mutated_sidecars(result, tmp_path, mutations, kind):
    source = next((result.parent / "documents").iterdir()) if kind == "documents" else result.parent / f"{kind}.parquet"
    path = tmp_path / "mutated.parquet"
    path.write_bytes(mutated(source.read_bytes(), mutations))
    queries, documents = string_array([f"q{at}" for at in range(24)]), string_array([f"d{at}" for at in range(400)])
    for read in (sidecars.read_documents, sidecars.read_qrels, sidecars.read_per_query):
        refuses_or_reads(read, path)
    refuses_or_reads(sidecars.read_run, path, queries, documents)


@FUZZ
@given(
    queries=st.lists(st.integers(-3, 2**33), max_size=6),
    documents=st.lists(st.integers(-3, 2**33), max_size=6),
    kind=st.sampled_from(["int8", "int32", "int64", "uint32", "uint64", "float32", "string", "binary", "bool"]),
)
def test_runs_of_any_numbers_and_types(tmp_path, queries, documents, kind):
    n = min(len(queries), len(documents))
    path = tmp_path / "run.parquet"
    try:
        column = pa.array(queries[:n]).cast(kind)
    except pa.ArrowException:
        return
    pq.write_table(pa.table({"query": column, "document": documents[:n], "score": np.ones(n)}), path)
    refuses_or_reads(sidecars.read_run, path, string_array(["a", "b"]), string_array(["c", "d", "e"]))


@FUZZ
@given(data=st.binary(max_size=60))
def test_page_headers(data):
    try:
        fields, length = read_struct(data)
    except MalformedError:
        return
    assert 0 < length <= len(data)
    assert isinstance(fields, dict)


@FUZZ
@given(text=st.text(max_size=200) | st.binary(max_size=200), ending=st.sampled_from(["txt", "gz", "zst"]))
def test_trec_files(tmp_path, text, ending):
    path = tmp_path / f"run.{ending}"
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    refuses_or_reads(read_run, path)
    refuses_or_reads(read_qrels, path)


@settings(parent=FUZZ, max_examples=80)
@given(data=st.data())
def test_mutated_boards(board, tmp_path_factory, data):
    """Any file of a board, mutated: findings and no error, and nothing is written anywhere."""
    root = tmp_path_factory.mktemp("mutated")
    copy = Path(shutil.copytree(board, root / "board"))
    files = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file())
    name = data.draw(st.sampled_from(files))
    content = (copy / name).read_bytes()
    changed = mutated(content, data.draw(Mutations))
    (copy / name).write_bytes(changed)
    before = tree(root)
    try:
        (found,) = find_boards(copy)
        report = verify_board(found, Registry(), Access(offline=True), LoggingReporter())
    except EvalHarnessError as error:
        assert name == "board.toml", error
        return
    finally:
        assert tree(root) == before
    shutil.rmtree(root)
    if changed != content and name not in ("reported.csv", "board.toml", "pins.toml", "SHA256SUMS"):
        assert report.of_kind("fault")  # the board's checksums see every change of an entry


@FUZZ
@given(text=st.text(max_size=300) | st.lists(st.text(max_size=20), min_size=8, max_size=8).map(",".join))
def test_reported_tables(tmp_path, text):
    path = tmp_path / "reported.csv"
    for header in ("", "system,kind,setting,group,measure,value,source,flag\n"):
        path.write_bytes((header + text).encode("utf-8", "surrogatepass"))
        refuses_or_reads(read_reported, path)


@pytest.mark.parametrize("text", ["[" * 10**6, '{"a":' * 10**6, "9" * 10**6, "NaN", '{"identity": "\\ud800"}'])
def test_results_that_exhaust_a_parser(tmp_path, text):
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(DataError):
        read_result(path)


def test_a_footer_that_lies_about_sizes_is_not_believed(tmp_path):
    """The size comes from the headers of the pages, which say what a reader unpacks."""
    path = tmp_path / "ids.parquet"
    pq.write_table(pa.table({"document_id": ["x" * 10**6] * 20}), path, use_dictionary=False, compression="zstd")
    with pytest.raises(DataError, match="unpacks to more than the 1000000 bytes"):
        sidecars.read_documents(path, bounds=parquet.Bounds(rows=100, size=10**6))
    assert len(sidecars.read_documents(path, bounds=parquet.Bounds(rows=100, size=10**8))) == 20


def test_shared_prefixes_are_not_unpacked(tmp_path):
    path = tmp_path / "ids.parquet"
    table = pa.table({"document_id": ["x" * 10**5 + str(at) for at in range(100)]})
    encoding = {"document_id": "DELTA_BYTE_ARRAY"}
    pq.write_table(table, path, use_dictionary=False, column_encoding=encoding, compression="zstd")
    with pytest.raises(DataError, match="packed in a way that is not read"):
        sidecars.read_documents(path)


def test_one_query_with_all_rows_does_not_take_the_memory_of_all(tmp_path, monkeypatch):
    monkeypatch.setattr(sidecars, "MOST_CELLS", 1000)
    path = tmp_path / "run.parquet"
    zeros = np.zeros(50, np.int32)
    pq.write_table(pa.table({"query": zeros, "document": zeros, "score": zeros.astype(np.float32)}), path)
    with pytest.raises(DataError, match="ranks up to 50 documents for 30 queries: too large"):
        sidecars.read_run(path, string_array([str(at) for at in range(30)]), string_array(["d"]))
