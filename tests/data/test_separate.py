"""Judgments in files of their own."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolbench_eval.data.separate import read_judgments
from toolbench_eval.errors import DataError, MissingDataError

BEIR = "query-id\tcorpus-id\tscore\nq2\td1\t1\nq1\td3\t0\nq2\td2\t2\n"
JSONL = """{"query-id": "q2", "corpus-id": "d1", "score": 1}
{"query-id": "q1", "corpus-id": "d3", "score": 0}
{"query-id": "q2", "corpus-id": "d2", "score": 2}
"""
EXPECTED = {"q2": {"d1": 1, "d2": 2}, "q1": {"d3": 0}}


def judgments(path: Path) -> dict[str, dict[str, int]]:
    qrels = read_judgments(path)
    documents = qrels.doc_ids.to_pylist()
    found: dict[str, dict[str, int]] = {query: {} for query in qrels.query_ids.to_pylist()}
    for row, document, grade in zip(qrels.rows, qrels.documents, qrels.grades, strict=True):
        found[qrels.query_ids[int(row)].as_py()][documents[document]] = int(grade)
    return found


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.tsv", BEIR),
        ("q.tsv.gz", gzip.compress(BEIR.encode(), mtime=0)),
        ("q.csv", "query_id,doc_id,relevance\nq2,d1,1\nq1,d3,0\nq2,d2,2\n"),
        ("q.jsonl", JSONL),
        ("q.qrels", "q2 0 d1 1\nq1 0 d3 0\nq2 0 d2 2\n"),
        ("qrels.txt", "q2\t0\td1\t1\nq1\t0\td3\t0\nq2\t0\td2\t2\n"),
    ],
)
def test_formats(name: str, content: str | bytes, tmp_path: Path):
    found = judgments(write(tmp_path / name, content))
    assert found == EXPECTED
    assert list(found) == ["q2", "q1"]  # the order in which the file names them


def test_parquet_with_integer_ids(tmp_path: Path):
    pq.write_table(pa.table({"query-id": [7, 7], "corpus-id": [1, 2], "score": [1, 2]}), tmp_path / "q.parquet")
    assert judgments(tmp_path / "q.parquet") == {"7": {"1": 1, "2": 2}}


def test_negative_grades(tmp_path: Path):
    assert judgments(write(tmp_path / "q.tsv", "query_id\tdoc_id\trelevance\nq\td\t-2\n")) == {"q": {"d": -2}}


@pytest.mark.parametrize("name", ["q.tsv", "q.jsonl", "q.parquet"])
def test_floats_without_a_fraction_are_grades(name: str, tmp_path: Path):
    path = tmp_path / name
    grades = [1.0, -2.0, 0.0]
    if name == "q.parquet":
        pq.write_table(pa.table({"query-id": ["q"] * 3, "corpus-id": ["a", "b", "c"], "score": grades}), path)
    elif name == "q.jsonl":
        lines = (
            f'{{"query-id": "q", "corpus-id": "{at}", "score": {g}}}\n' for at, g in zip("abc", grades, strict=True)
        )
        write(path, "".join(lines))
    else:
        rows = "".join(f"q\t{at}\t{grade}\n" for at, grade in zip("abc", grades, strict=True))
        write(path, f"query-id\tcorpus-id\tscore\n{rows}")
    assert judgments(path) == {"q": {"a": 1, "b": -2, "c": 0}}


@pytest.mark.parametrize(
    ("grade", "message"),
    [
        ("1.5", r"a grade must be an integer, found '1\.5'"),
        ("a", "found 'a'"),
        ("NaN", "found 'NaN'"),
        ("true", "found 'true'"),
        ("", "found ''"),
        ("1_0", "found '1_0'"),
        ("1.", "found '1.'"),
        ("1.01", "found '1.01'"),
        ("٣", "found '٣'"),
        ("99999999999", "the grade 99999999999 is out of range"),
    ],
)
def test_wrong_grades_of_a_text_table(grade: str, message: str, tmp_path: Path):
    path = write(tmp_path / "q.tsv", f"query-id\tcorpus-id\tscore\nq\ta\t1\nq\tb\t{grade}\n")
    with pytest.raises(DataError, match=rf"row 3, field 'score': .*{message}"):
        read_judgments(path)


@pytest.mark.parametrize(
    ("grades", "row", "message"),
    [
        ("1 1.5", 2, r"found 1\.5"),
        ("1 NaN", 2, "found nan"),
        ("1 null", 2, "found None"),
        ("true false", 1, "found True"),
        ("1.0 2.5", 2, r"found 2\.5"),
        ("1.0 3e9", 2, r"the grade 3000000000\.0 is out of range"),
        ('1 "b"', 2, "found 'b'"),
        ("1 true", 2, "found 'true'"),
        ("1 3000000000", 2, "the grade 3000000000 is out of range"),
    ],
)
def test_wrong_grades_of_records(grades: str, row: int, message: str, tmp_path: Path):
    lines = [
        f'{{"query-id": "q", "corpus-id": "d{at}", "score": {grade}}}\n' for at, grade in enumerate(grades.split())
    ]
    with pytest.raises(DataError, match=message) as caught:
        read_judgments(write(tmp_path / "q.jsonl", "".join(lines)))
    assert (caught.value.row, caught.value.field) == (row, "score")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("query-id\tcorpus-id\tscore\nq\td\t1\nr\td\t1\nq\td\t2\n", r"row 4: the document is judged twice"),
        ("query-id\tcorpus-id\tscore\n\td\t1\n", r"row 2, field 'query-id': the id is empty"),
        ("q\td\tg\nq\td\t1\n", "expected the columns query-id, corpus-id, score or query_id, doc_id, relevance"),
    ],
)
def test_wrong_tables(content: str, message: str, tmp_path: Path):
    with pytest.raises(DataError, match=message):
        read_judgments(write(tmp_path / "q.tsv", content))


def test_no_such_file(tmp_path: Path):
    with pytest.raises(MissingDataError):
        read_judgments(tmp_path / "q.tsv")
