"""Records of files of every format, one at a time."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolbench_eval.data.files import read_table
from toolbench_eval.data.qa import reading
from toolbench_eval.data.qa.reading import read_records, read_values, table_records
from toolbench_eval.errors import DataError, MissingDataError

RECORDS = [{"id": "a", "context": [["T", ["one", " two"]]]}, {"id": "é\u2028", "context": []}]


def values(path: Path) -> list[tuple[int, dict[str, object]]]:
    return [(record.row, dict(record.values)) for record in read_records(path)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", json.dumps(RECORDS)),
        ("x.json", json.dumps(RECORDS, indent=2)),
        ("x.json", "\ufeff \n" + json.dumps(RECORDS, ensure_ascii=False)),
        ("x.json", "\n".join(map(json.dumps, RECORDS))),
        ("x.jsonl", "\n".join(json.dumps(one, ensure_ascii=False) for one in RECORDS)),
        ("x.ndjson", "\ufeff" + "\n".join(map(json.dumps, RECORDS)) + "\n"),
    ],
)
@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_text_formats(tmp_path: Path, name: str, content: str, packed: str):
    raw = content.encode()
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[packed]
    path = tmp_path / (name + packed)
    path.write_bytes(pack(raw))
    assert values(path) == [(1, RECORDS[0]), (2, RECORDS[1])]


def test_rows_are_lines_where_the_file_has_lines(tmp_path: Path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": 1}\n\n{"id": 2}\n')
    assert values(path) == [(1, {"id": 1}), (3, {"id": 2})]


def test_parquet_keeps_nested_values(tmp_path: Path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.Table.from_pylist([{"id": "a", "context": {"title": ["T"], "sentences": [["one"]]}}] * 300), path)
    found = values(path)
    assert len(found) == 300
    assert found[299] == (300, {"id": "a", "context": {"title": ["T"], "sentences": [["one"]]}})


def test_a_table_with_flat_columns(tmp_path: Path):
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, RECORDS)))
    found = list(table_records(read_table(path), "hub"))
    assert [(one.file, one.row, one.flat) for one in found] == [("hub", 1, True), ("hub", 2, True)]
    assert found[0].items("context") == [["T", ["one", " two"]]]


def test_tables_of_text_have_a_header(tmp_path: Path):
    path = tmp_path / "x.tsv"
    path.write_text('Prompt\tAnswer\nwho?\t"[""me""]"\n')
    (found,) = read_records(path)
    assert (found.row, found.text("Prompt"), found.answers("Answer")) == (2, "who?", ("me",))


def test_records_by_id_and_lists_by_title(tmp_path: Path):
    path = tmp_path / "x.json"
    path.write_text('{"0": {"question": "q"}, "1": {"question": "r", "id": "own"}}')
    assert values(path) == [(1, {"id": "0", "question": "q"}), (2, {"id": "own", "question": "r"})]
    path.write_text('{"Title": ["one", " two"], "Other": []}')
    assert list(read_values(path)) == [(1, ["Title", ["one", " two"]]), (2, ["Other", []])]
    path.write_text('{"corpus_name": "Medical", "context": "words"}')
    assert values(path) == [(1, {"corpus_name": "Medical", "context": "words"})]


@pytest.mark.parametrize(
    ("name", "content", "row", "message"),
    [
        ("x.json", '[{"a": 1}, {"b": }]', 2, "not JSON"),
        ("x.json", '[{"a": 1} {"b": 2}]', None, "expected ','"),
        ("x.json", '[{"a": 1}', None, "end of the file"),
        ("x.json", '[{"a": 1}, {"b": "cut', 2, "not JSON"),
        ("x.json", '[{"a": 1}] more', None, "follows the end"),
        ("x.json", '[{"a": 1}, "text"]', 2, "must be an object"),
        ("x.jsonl", '{"a": 1}\n{"a": \n', 2, "not JSON"),
        ("x.jsonl", '{"a": 1}\n[1]\n', 2, "must be an object"),
        ("x.parquet", "PAR", None, "not a Parquet file"),
        ("x.txt", "{}", None, "tells no format"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: str, row: int | None, message: str):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        values(path)
    assert (caught.value.file, caught.value.row) == (path, row)


def test_cut_off_and_wrongly_coded_files(tmp_path: Path):
    path = tmp_path / "x.json.gz"
    path.write_bytes(gzip.compress(json.dumps(RECORDS * 1000).encode())[:-20])
    with pytest.raises(DataError, match="gzip"):
        values(path)
    plain = tmp_path / "x.json"
    plain.write_bytes(b'[{"a": "\xff"}]')
    with pytest.raises(DataError, match="UTF-8"):
        values(plain)
    with pytest.raises(MissingDataError):
        values(tmp_path / "absent.json")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=30) | st.integers() | st.lists(st.text()))),
    chunk=st.integers(1, 50),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_a_list_is_what_json_says_wherever_the_reading_stops(
    tmp_path: Path, monkeypatch, records, chunk, indent, ascii_only
):
    path = tmp_path / "x.json"
    text = json.dumps(records, indent=indent, ensure_ascii=ascii_only)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    monkeypatch.setattr(reading, "CHUNK", chunk)
    assert [value for _, value in read_values(path)] == json.loads(path.read_bytes())
