"""Queries that carry their labels: ToolRet's layout, with its oddities."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolbench_eval.data.files import read_table, table_of
from toolbench_eval.data.labelled import inspect_labels, read_labels, read_queries
from toolbench_eval.errors import DataError
from toolbench_eval.suites import QueryColumns

COLUMNS = QueryColumns()
LABELS = [{"id": "t2", "doc": {"name": "b"}, "relevance": 1}, {"id": "t1", "doc": {"name": "a"}, "relevance": 3}]


def table(**columns: list[object]) -> pa.Table:
    n = max(len(values) for values in columns.values())
    filled = {"id": [f"q{at}" for at in range(n)], "query": ["x"] * n, "labels": [LABELS] * n, **columns}
    return table_of(filled, "file")


def labels(value: object, **options: bool):
    one = table(labels=[value])
    return read_labels(one, COLUMNS, one["id"].combine_chunks(), "file", **options)


@pytest.mark.parametrize("value", [LABELS, json.dumps(LABELS)], ids=["list", "JSON string"])
def test_labels_as_a_list_or_as_a_string_of_it(value):
    """The hub holds strings; label objects repeat the whole document, which is not looked at."""
    qrels = labels(value)
    assert qrels.doc_ids.to_pylist() == ["t2", "t1"]
    assert (qrels.documents.tolist(), qrels.grades.tolist(), qrels.lengths.tolist()) == ([0, 1], [1, 3], [2])


def test_lists_of_structs_in_parquet(tmp_path: Path):
    path = tmp_path / "q.parquet"
    pq.write_table(pa.table({"id": ["q"], "query": ["x"], "labels": [LABELS]}), path)
    read = read_table(path)
    queries, _ = read_queries(read, COLUMNS, str(path))
    assert read_labels(read, COLUMNS, queries.ids, str(path)).grades.tolist() == [1, 3]


def test_a_label_without_grade_counts_1_and_integers_are_ids_too():
    qrels = labels([{"id": "a"}, {"id": 7, "relevance": 0}])
    assert (qrels.doc_ids.to_pylist(), qrels.grades.tolist()) == (["a", "7"], [1, 0])


@pytest.mark.parametrize("form", [list, json.dumps], ids=["list", "JSON string"])
def test_a_float_without_a_fraction_is_a_grade(form):
    """pandas writes integers so, where a column has a gap."""
    qrels = labels(form([{"id": "a", "relevance": 1.0}, {"id": "b", "relevance": -2.0}]))
    assert (qrels.grades.tolist(), qrels.grades.dtype) == ([1, -2], "int32")


def test_other_names_of_columns():
    columns = QueryColumns(id="qid", query="text", instruction="how", labels="gold", grade="score")
    odd = table_of({"qid": ["q"], "text": ["x"], "how": ["h"], "gold": [[{"id": "d", "score": 2}]]}, "file")
    queries, _ = read_queries(odd, columns, "file")
    assert queries.instructions.to_pylist() == ["h"]
    assert read_labels(odd, columns, queries.ids, "file").grades.tolist() == [2]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "the query has no label"),
        ("[]", "the query has no label"),
        (None, "must be a list of objects with 'id' and 'relevance', found None"),
        ("[{", "not JSON"),
        ('"text"', "must be a list of objects"),
        ({"id": "a"}, "must be a list of objects"),
        (["a"], "must be a list of objects"),
        ([{"relevance": 1}], "a label's id must be a text that is not empty, found None"),
        ([{"id": ""}], "found ''"),
        ([{"id": "a"}, {"id": "a"}], "the document 'a' is labelled twice"),
        ([{"id": "a", "relevance": 1.5}], r"a grade must be an integer, found 1\.5"),
        ([{"id": "a", "relevance": float("inf")}], "a grade must be an integer, found inf"),
        ([{"id": "a", "relevance": 3e9}], r"the grade 3000000000\.0 is out of range"),
        ([{"id": "a", "relevance": "a"}], "a grade must be an integer, found 'a'"),
        ([{"id": "a", "relevance": True}], "a grade must be an integer, found True"),
        ([{"id": "a", "relevance": None}], "a grade must be an integer, found None"),
        ('[{"id": "a", "relevance": NaN}]', "a grade must be an integer, found nan"),
        ([{"id": "a", "relevance": 2**31}], "the grade 2147483648 is out of range"),
    ],
)
def test_wrong_labels(value, message):
    with pytest.raises(DataError, match=message) as caught:
        labels(value)
    assert (caught.value.file, caught.value.row, caught.value.field) == ("file", 1, "labels")


def test_all_faults_of_all_rows():
    rows = [LABELS, [{"id": "a", "relevance": 1.5}, {"id": "", "relevance": 1}, {"id": "b"}], [], "x"]
    found, faults = inspect_labels(table(labels=rows), COLUMNS, "file")
    assert [fault.row for fault in faults] == [2, 2, 3, 4]
    assert [one.documents for one in found] == [["t2", "t1"], ["b"], [], []]


def test_empty_labels_where_a_suite_tolerates_them():
    assert labels([], allow_empty=True).lengths.tolist() == [0]


def test_queries_keep_an_empty_text_and_repeated_texts():
    """`mnms_query_17` of ToolRet is empty, and `rotbench` asks few texts over and over: all of them count."""
    read, notes = read_queries(table(query=["", "same", "same"], instruction=["i", "j", None]), COLUMNS, "file")
    assert read.texts.to_pylist() == ["", "same", "same"]
    assert read.instructions.to_pylist() == ["i", "j", None]
    assert notes == []


def test_queries_without_a_column_of_instructions():
    assert read_queries(table(query=["x"]), COLUMNS, "file")[0].instructions is None


def test_an_empty_cell_of_a_table_is_no_instruction(tmp_path: Path):
    path = tmp_path / "q.tsv"
    path.write_text('id\tquery\tinstruction\tlabels\na\tx\t\t"[{""id"": ""d""}]"\nb\ty\thow\t"[{""id"": ""d""}]"\n')
    read = read_table(path)
    queries, _ = read_queries(read, COLUMNS, str(path))
    assert queries.instructions.to_pylist() == [None, "how"]
    assert read_labels(read, COLUMNS, queries.ids, str(path)).lengths.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("columns", "row", "field", "message"),
    [
        ({"id": ["a", "b", "a"]}, 3, "id", "the id 'a' stands twice"),
        ({"id": ["a", ""]}, 2, "id", "the id is empty"),
        ({"id": ["a", None]}, 2, "id", "missing"),
        ({"id": [1.5, 2.5]}, None, "id", "must be text, found double"),
        ({"query": ["a", None, "b"]}, 2, "query", "missing"),
        ({"query": [1, 2]}, None, "query", "must be text, found int64"),
        ({"query": ["x"], "instruction": [True]}, None, "instruction", "must be text, found bool"),
    ],
)
def test_wrong_queries(columns, row, field, message):
    with pytest.raises(DataError, match=message) as caught:
        read_queries(table(**columns), COLUMNS, "file")
    assert (caught.value.row, caught.value.field) == (row, field)


@pytest.mark.parametrize("absent", ["id", "query", "labels"])
def test_missing_columns(absent):
    short = table(query=["x"]).drop_columns([absent])
    with pytest.raises(DataError, match=rf"field '{absent}': there is no such column; found"):
        queries, _ = read_queries(short, COLUMNS, "file")
        read_labels(short, COLUMNS, queries.ids, "file")


def test_repeated_ids_get_a_number_where_a_suite_tolerates_them():
    queries, notes = read_queries(table(id=["a", "b", "a", "a"]), COLUMNS, "file", rename=True)
    assert queries.ids.to_pylist() == ["a", "b", "a#2", "a#3"]
    assert len(notes) == 1


def test_rows_of_tables_with_a_header_count_the_header(tmp_path: Path):
    path = tmp_path / "q.csv"
    path.write_text("id,query,labels\na,x,[]\na,y,[]\n")
    with pytest.raises(DataError, match=r"q\.csv, row 3, field 'id': the id 'a' stands twice"):
        read_queries(read_table(path), COLUMNS, str(path))
