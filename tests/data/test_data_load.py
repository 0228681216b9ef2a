"""Loading what suites and corpora declare: files of every kind, BEIR folders, mirrors."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.mirrors import random_benchmark, write_declaration, write_mirror

from toolbench_eval.data.load import load_corpus, load_task_data
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.registry import Registry
from toolbench_eval.suites import CorpusDeclaration, CorpusSource, FileQueries, Suite, SuiteDeclaration, TaskRow

OFFLINE = Access(offline=True)
LABELS = [{"id": "d1", "relevance": 1}]


def jsonl(path: Path, *rows: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def corpus(folder: Path, files: object, **columns: str):
    spec = CorpusDeclaration.model_validate({"name": "c", "files": files, "columns": columns})
    return load_corpus(CorpusSource(folder=folder, spec=spec), OFFLINE)


def task(folder: Path, queries: str = "{task}.jsonl", qrels: str | None = None):
    spec = SuiteDeclaration(name="s", version="1", corpus="c", files=FileQueries(queries=queries, qrels=qrels))
    row = TaskRow(task="a")
    return load_task_data(Suite(folder=folder, spec=spec, rows=(row,)), row, OFFLINE)


# corpora --------------------------------------------------------------------------------------


def test_files_with_groups(tmp_path: Path):
    jsonl(tmp_path / "x.jsonl", {"id": "b", "text": "1"}, {"id": "a", "text": "2"})
    pq.write_table(pa.table({"id": ["c"], "text": ["3"]}), tmp_path / "y.parquet")
    (tmp_path / "z.tsv").write_text("id\ttext\nd\t4\n")
    loaded = corpus(tmp_path, {"one": "x.jsonl", "two": "y.parquet", "three": "z.tsv"})
    assert loaded.corpus.ids.to_pylist() == ["b", "a", "c", "d"]
    assert loaded.corpus.texts.to_pylist() == ["1", "2", "3", "4"]
    assert loaded.corpus.groups.to_pylist() == ["one", "one", "two", "three"]
    assert (loaded.origin.kind, loaded.origin.location) == ("files", str(tmp_path))


def test_files_without_groups(tmp_path: Path):
    jsonl(tmp_path / "x.jsonl", {"id": "b", "text": "1"})
    assert corpus(tmp_path, ["x.jsonl"]).corpus.groups is None


def test_titles_stand_in_front(tmp_path: Path):
    rows = [("a", "T", "x"), ("b", "", "y"), ("c", None, "z"), ("d", "U", "")]
    jsonl(tmp_path / "x.jsonl", *({"id": name, "title": title, "text": text} for name, title, text in rows))
    loaded = corpus(tmp_path, ["x.jsonl"], title="title")
    assert loaded.corpus.texts.to_pylist() == ["T x", "y", "z", "U "]


def test_documents_that_are_objects_become_json(tmp_path: Path):
    jsonl(tmp_path / "x.jsonl", {"id": "a", "text": {"name": "ü", "n": None}})
    assert corpus(tmp_path, ["x.jsonl"]).corpus.texts.to_pylist() == ['{"name": "ü", "n": null}']


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "a", "text": "1"}, {"id": "a", "text": "1"}], r"x\.jsonl, row 2, field 'id': the id 'a' stands twice"),
        ([{"id": "a"}], r"x\.jsonl, field 'text': there is no such column"),
        ([{"id": "a", "text": "1"}, {"id": "b"}], r"x\.jsonl, row 2, field 'text': the value is missing"),
    ],
)
def test_wrong_documents(rows: list[dict[str, object]], message: str, tmp_path: Path):
    jsonl(tmp_path / "x.jsonl", *rows)
    with pytest.raises(DataError, match=message):
        corpus(tmp_path, ["x.jsonl"])


def test_one_id_in_two_files(tmp_path: Path):
    for name in ("x", "y"):
        jsonl(tmp_path / f"{name}.jsonl", {"id": "a", "text": name})
    with pytest.raises(DataError, match="the document id 'a' stands twice in the corpus"):
        corpus(tmp_path, ["x.jsonl", "y.jsonl"])


# tasks ----------------------------------------------------------------------------------------


def test_queries_with_labels(tmp_path: Path):
    jsonl(tmp_path / "a.jsonl", {"id": "q", "query": "x", "instruction": "i", "labels": LABELS})
    data = task(tmp_path)
    assert data.queries.ids.to_pylist() == data.qrels.query_ids.to_pylist() == ["q"]
    assert data.queries.instructions.to_pylist() == ["i"]
    assert data.origin.kind == "files"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "query-id\tcorpus-id\tscore\nq3\td1\t1\nq1\td1\t2\nq3\td2\t0\n"),
        ("a.qrels", "q3 0 d1 1\nq1 0 d1 2\nq3 0 d2 0\n"),
    ],
)
def test_judgments_of_their_own_keep_only_judged_queries_in_their_order(name: str, content: str, tmp_path: Path):
    jsonl(tmp_path / "q.jsonl", *({"id": f"q{at}", "query": f"text {at}", "instruction": f"i{at}"} for at in range(5)))
    (tmp_path / name).write_text(content)
    data = task(tmp_path, "q.jsonl", name.replace("a.", "{task}."))
    assert data.queries.ids.to_pylist() == data.qrels.query_ids.to_pylist() == ["q3", "q1"]
    assert data.queries.texts.to_pylist() == ["text 3", "text 1"]
    assert data.queries.instructions.to_pylist() == ["i3", "i1"]
    assert (data.qrels.lengths.tolist(), data.qrels.grades.tolist()) == ([2, 1], [1, 0, 2])


def test_a_judged_query_that_is_not_there(tmp_path: Path):
    jsonl(tmp_path / "q.jsonl", {"id": "q", "query": "x"})
    (tmp_path / "a.qrels").write_text("r 0 d 1\n")
    with pytest.raises(DataError, match=r"a\.qrels: the query 'r' is judged but q\.jsonl lacks it"):
        task(tmp_path, "q.jsonl", "{task}.qrels")


def test_head(tmp_path: Path):
    jsonl(tmp_path / "a.jsonl", *({"id": f"q{at}", "query": "x", "labels": LABELS} for at in range(3)))
    assert task(tmp_path).head(2).queries.ids.to_pylist() == ["q0", "q1"]
    assert task(tmp_path).head(2).qrels.query_ids.to_pylist() == ["q0", "q1"]


def test_missing_files_are_missing_data(tmp_path: Path):
    with pytest.raises(MissingDataError):
        task(tmp_path)


def test_a_beir_folder_with_gzip(tmp_path: Path):
    import gzip

    folder = tmp_path / "nf"
    (folder / "qrels").mkdir(parents=True)
    for name, text in {
        "corpus.jsonl": '{"_id": "d1", "title": "T", "text": "x", "metadata": {"a": 1}}\n',
        "queries.jsonl": '{"_id": "q1", "text": "x", "metadata": {}}\n{"_id": "q2", "text": "y", "metadata": {}}\n',
        "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq2\td1\t1\n",
    }.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    registry = Registry((tmp_path,))
    suite = registry.suite("nf")
    assert load_corpus(registry.corpus("nf", suite), OFFLINE).corpus.texts.to_pylist() == ["T x"]
    data = load_task_data(suite, suite.rows[0], OFFLINE)
    assert (data.queries.ids.to_pylist(), data.queries.instructions) == (["q2"], None)


def test_a_mirror(tmp_path: Path):
    benchmark = random_benchmark(seed=5)
    access = Access(mirror=write_mirror(tmp_path / "mirror", benchmark, omit=["well"]), offline=True)
    registry = Registry((write_declaration(tmp_path / "tasks", benchmark),))
    suite = registry.suite("gearbox")
    loaded = load_corpus(registry.corpus("gearbox-tools", suite), access)
    assert loaded.corpus.ids.to_pylist() == [tool.id for tool in benchmark.corpus]
    assert loaded.corpus.texts.to_pylist() == [tool.documentation for tool in benchmark.corpus]
    assert loaded.corpus.groups.to_pylist() == [name for name, tools in benchmark.tools.items() for _ in tools]
    assert loaded.origin.kind == "mirror"
    for row in suite.rows[:-1]:
        data, queries = load_task_data(suite, row, access), benchmark.subsets[row.task].queries
        assert data.queries.texts.to_pylist() == [query.query for query in queries]
        documents = data.qrels.doc_ids.to_pylist()
        labels = [(documents[at], grade) for at, grade in zip(data.qrels.documents, data.qrels.grades, strict=True)]
        assert labels == [label for query in queries for label in query.labels.items()]
    with pytest.raises(MissingDataError):
        load_task_data(suite, suite.rows[-1], access)
