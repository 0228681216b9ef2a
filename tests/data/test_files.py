"""Reading one file of records."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolbench_eval.data.files import is_data_file, kind_of, read_table
from toolbench_eval.errors import DataError, MissingDataError

ROWS = [{"id": "a", "n": 1}, {"id": "b", "n": 2}]
JSONL = b'{"id": "a", "n": 1}\n{"id": "b", "n": 2}\n'


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonl", JSONL),
        ("x.ndjson", JSONL),
        ("X.JSONL", JSONL),
        ("x.json", JSONL),
        ("x.json", json.dumps(ROWS, indent=1).encode()),
        ("x.jsonl", b"\xef\xbb\xbf" + JSONL.replace(b"\n", b"\r\n") + b"\r\n \r\n"),
        ("x.jsonl", JSONL.rstrip()),
        ("x.v1.2.jsonl.gz", gzip.compress(JSONL, mtime=0)),
        ("x.jsonl.gz", gzip.compress(JSONL[:20], mtime=0) + gzip.compress(JSONL[20:], mtime=0)),
        ("x.json.zst", zstandard.compress(json.dumps(ROWS).encode())),
        ("x.jsonl.zst", zstandard.compress(JSONL[:20]) + zstandard.compress(JSONL[20:])),
    ],
)
def test_json_in_all_its_clothes(tmp_path: Path, name: str, content: bytes) -> None:
    table = read_table(put(tmp_path, name, content))
    assert table.to_pylist() == ROWS
    assert table.schema.types == [pa.large_string(), pa.int64()]


@pytest.mark.parametrize(
    ("name", "delimiter"), [("x.csv", ","), ("x.tsv", "\t"), ("x.tsv.gz", "\t"), ("x.csv.zst", ",")]
)
def test_delimited_text_is_text(tmp_path: Path, name: str, delimiter: str) -> None:
    content = f'id|text\n007|"two\nlines, a \t tab and a ""quote"""\n\n|\n8|{"x" * 200_000}\n'.replace("|", delimiter)
    packed = {"z": gzip.compress, "t": zstandard.compress}.get(name[-1] if name.count(".") > 1 else "", bytes)
    table = read_table(put(tmp_path, name, packed(content.encode())))
    assert table["id"].to_pylist() == ["007", "", "8"]
    assert table["text"].to_pylist() == ['two\nlines, a \t tab and a "quote"', "", "x" * 200_000]


def test_parquet_becomes_flat(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["a", "b"],
            "labels": [[{"id": "d1", "score": 1}], None],
            "none": pa.nulls(2),
            "kind": pa.array(["x", "x"]).dictionary_encode(),
            "grade": pa.array([1, 2], pa.int32()),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    read = read_table(tmp_path / "x.parquet")
    assert read.column_names == ["id", "labels", "none", "kind", "grade"]
    assert read.schema.types == [pa.string(), pa.large_string(), pa.large_string(), pa.string(), pa.int32()]
    assert read["labels"].to_pylist() == ['[{"id": "d1", "score": 1}]', None]
    assert read["kind"].to_pylist() == ["x", "x"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2], pa.int64(), [1, 2]),
        ([1, 2.5, None], pa.float64(), [1.0, 2.5, None]),
        ([True, None], pa.bool_(), [True, None]),
        ([None, None], pa.large_string(), [None, None]),
        (["7", 7], pa.large_string(), ["7", "7"]),
        ([True, 1], pa.large_string(), ["true", "1"]),
        ([2**64, 1], pa.large_string(), ["18446744073709551616", "1"]),
        (["{}", {"name": "é"}, [1], None], pa.large_string(), ["{}", '{"name": "é"}', "[1]", None]),
        (["a\u2028b"], pa.large_string(), ["a\u2028b"]),
    ],
)
def test_a_column_has_one_flat_type(tmp_path: Path, values: list[Any], kind: pa.DataType, expected: list[Any]) -> None:
    lines = "".join(json.dumps({"x": value}, ensure_ascii=False) + "\n" for value in values)
    column = read_table(put(tmp_path, "x.jsonl", lines))["x"]
    assert (column.type, column.to_pylist()) == (kind, expected)


def test_keys_may_be_absent(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "x.jsonl", '{"a": 1}\n{"b": 2}\n{"a": 3}\n'))
    assert table.to_pydict() == {"a": [1, None, 3], "b": [None, 2, None]}


def test_no_records(tmp_path: Path) -> None:
    assert read_table(put(tmp_path, "x.jsonl", "")).num_rows == 0
    assert read_table(put(tmp_path, "x.json", "[]")).num_rows == 0
    assert read_table(put(tmp_path, "x.csv", "id,text\n")).to_pydict() == {"id": [], "text": []}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # its first draw reads tables of characters
@given(st.lists(st.fixed_dictionaries({}, optional={"a": JSON_VALUES, "b": JSON_VALUES}), max_size=6))
def test_nothing_is_lost_from_jsonl(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    table = read_table(put(tmp_path_factory.mktemp("x"), "x.jsonl", lines))
    for name in {name for row in rows for name in row}:
        given_values = [row.get(name) for row in rows]
        kinds = {type(value) for value in given_values} - {type(None)}
        is_plain = len(kinds) == 1 and kinds <= {str, bool, int, float}
        for before, after in zip(given_values, table[name].to_pylist(), strict=True):
            if is_plain or before is None or isinstance(before, str):
                assert after == before
            elif kinds == {int, float}:
                assert after == float(before)
            else:
                assert json.loads(after) == before


@pytest.mark.parametrize(
    ("name", "content", "place", "said"),
    [
        ("x.jsonl", '{"a": 1}\n\n{"a": 1', "row 3", "not JSON: Expecting"),
        ("x.jsonl", b'{"a": 1}\n{"a": "\xff"}', "row 2", "not JSON: 'utf-8'"),
        ("x.jsonl", '{"a": 1}\n[1]', "row 2", "must be a JSON object, found a list"),
        ("x.jsonl", '{"a": "x"}\n{"a": "\\ud800"}', "field 'a'", "record 2 holds half a surrogate pair"),
        ("x.jsonl", "[" * 100_000, "row 1", "not JSON: "),
        ("x.json", '[{"a": 1}, 3]', "row 2", "must be a JSON object, found a number"),
        ("x.json", '[{"a": 1}', "x.json", "not JSON: Expecting ',' delimiter"),
        ("x.csv", "a,b\n1,2\n1\n", "row 3", "has 1 fields where the header has 2"),
        ("x.csv", 'a,b\n1,"x\n', "row", "not .csv text: unexpected end of data"),
        ("x.csv", b"a\n\xff\n", "row", "not .csv text: 'utf-8'"),
        ("x.csv", "a,b,a\n", "field 'a'", "names this column twice"),
        ("x.tsv", "", "x.tsv", "has no header line"),
        ("x.parquet", b"hello", "x.parquet", "not a Parquet file: "),
        ("x.parquet", b"", "x.parquet", "not a Parquet file: "),
        ("x.jsonl.gz", gzip.compress(JSONL, mtime=0)[:-8], "x.jsonl.gz", "not a complete gzip file: "),
        ("x.jsonl.gz", JSONL, "x.jsonl.gz", "not a complete gzip file: "),
        ("x.jsonl.zst", zstandard.compress(JSONL * 99)[:-3], "x.jsonl.zst", "not a complete zstd file: "),
        ("x.txt", "", "x.txt", "must end in one of .parquet, .jsonl"),
        ("x.parquet.gz", "", "x.parquet.gz", "must end in one of"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, name: str, content: bytes | str, place: str, said: str) -> None:
    path = put(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(caught.value).startswith(str(path))
    assert place in str(caught.value)
    assert said in str(caught.value)
    assert not isinstance(caught.value, MissingDataError)


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"id": [str(n) for n in range(1000)]}), path)
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 4):
        with pytest.raises(DataError, match="not a Parquet file"):
            read_table(put(tmp_path, "short.parquet", whole[:length]))
    middle = len(whole) // 3
    with pytest.raises(DataError, match="not a Parquet file"):
        read_table(put(tmp_path, "holed.parquet", whole[:middle] + whole[middle + 50 :]))


def test_absent_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="there is no such file"):
        read_table(tmp_path / "x.jsonl")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)


def test_formats_are_told_by_name() -> None:
    assert kind_of("a/b.v1/tools.jsonl.gz") == (".jsonl", "gzip")
    assert kind_of("Tools.PARQUET") == (".parquet", None)
    assert kind_of("README") == ("", None)
    names = ["a.jsonl", "a.csv.zst", "a.parquet", "a.parquet.gz", "a.md", "gz", ".gz", "a.gz"]
    assert [name for name in names if is_data_file(name)] == ["a.jsonl", "a.csv.zst", "a.parquet"]
