"""Corpora of passages, in every layout."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.passages import Passage
from toolbench_eval.data.qa import corpora
from toolbench_eval.data.qa.corpora import named_passages, read_passages
from toolbench_eval.data.qa.delimited import read_delimited
from toolbench_eval.data.qa.pool import stable_ids
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.suites import CorpusDeclaration, CorpusSource


def jsonl(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def passages(path: Path) -> list[Passage]:
    found = read_passages(path)
    return [found[at] for at in range(len(found))]


@pytest.mark.parametrize(
    ("row", "passage"),
    [
        ({"title": "Ulve", "text": "A river."}, Passage("Ulve", "Ulve", "A river.")),
        ({"id": 7, "title": "Ulve", "text": "A river."}, Passage("7", "Ulve", "A river.")),
        ({"_id": "d7", "title": None, "text": "A river."}, Passage("d7", "", "A river.")),
        ({"id": "7", "contents": '"Ulve"\nA river.\nLong.'}, Passage("7", "Ulve", "A river.\nLong.")),
        ({"id": "7", "contents": "A river."}, Passage("7", "", "A river.")),
        ({"id": "7", "title": "Ulve", "contents": "A river.\nLong."}, Passage("7", "Ulve", "A river.\nLong.")),
        ({"id": "7", "title": "Ulve", "text": ["A river.", " Long."]}, Passage("7", "Ulve", "A river. Long.")),
        ({"id": "7", "text": "[1]"}, Passage("7", "", "[1]")),
        (["Ulve", ["A river.", " Long."]], Passage("Ulve", "Ulve", "A river. Long.")),
        (["Ulve", "A river."], Passage("Ulve", "Ulve", "A river.")),
        (
            {"title": "Ulve", "para_index": 2, "contents": "A river.", "id": "strategy_9"},
            Passage("Ulve-2", "Ulve", "A river."),
        ),
        (
            {"wikipedia_id": "5", "wikipedia_title": "Ulve", "text": ["Ulve\n", "A river.\n"]},
            Passage("5", "Ulve", "Ulve\nA river.\n"),
        ),
        ({"path": "World/week1/20260105_1100.txt", "text": "Time: x"}, Passage("20260105_1100", "", "Time: x")),
    ],
)
def test_layouts(tmp_path: Path, row: object, passage: Passage):
    assert passages(jsonl(tmp_path / "c.jsonl", [row])) == [passage]


def test_objects_of_passages(tmp_path: Path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"Ulve": ["A river.", " Long."], "Marl": ["A town."]}))
    assert passages(path) == [Passage("Ulve", "Ulve", "A river. Long."), Passage("Marl", "Marl", "A town.")]
    path.write_text(json.dumps({"Ulve-1": {"title": "Ulve", "para_index": 1, "content": "A river."}}))
    assert passages(path) == [Passage("Ulve-1", "Ulve", "A river.")]


def test_a_long_document_is_cut_into_blocks_of_100_words(tmp_path: Path):
    words = [f"w{at}" for at in range(250)]
    path = jsonl(tmp_path / "c.jsonl", [{"corpus_name": "Medical", "context": "  ".join(words)}])
    found = passages(path)
    assert [one.id for one in found] == ["Medical#1", "Medical#2", "Medical#3"]
    assert found[1] == Passage("Medical#2", "Medical", " ".join(words[100:200]))
    assert [len(one.text.split()) for one in found] == [100, 100, 50]


def test_titles_that_are_no_key_get_numbers(tmp_path: Path):
    rows = [["Ulve", "a"], ["Marl", "b"], ["Ulve", "c"], ["", "d"], ["", "e"]]
    found = passages(jsonl(tmp_path / "c.jsonl", rows))
    assert [one.id for one in found] == ["Ulve#1", "Marl", "Ulve#2", "#1", "#2"]


@given(st.lists(st.sampled_from(["", "a", "a#1", "a#2", "b", "b#1"])))
def test_ids_are_unique_and_titles_stay_where_they_are_a_key(titles: list[str]):
    ids = stable_ids(titles)
    assert len(set(ids)) == len(titles)
    for name, title in zip(ids, titles, strict=True):
        assert name == title if title and titles.count(title) == 1 else name.startswith(f"{title}#")


@pytest.mark.parametrize("name", ["psgs.tsv", "psgs.tsv.gz", "psgs.tsv.zst", "psgs.csv"])
def test_tables_as_dpr_has_them(tmp_path: Path, name: str):
    rows = [("id", "text", "title"), ("1", 'He said "no".\tThen left.', "Ulve"), ("2", "two\nlines", "Marl, upon Ulve")]
    plain = tmp_path / "plain"
    with plain.open("w", newline="") as file:
        csv.writer(file, delimiter="," if "csv" in name else "\t").writerows(rows)
    pack = {"gz": gzip.compress, "st": zstandard.ZstdCompressor().compress}.get(name[-2:], bytes)
    (tmp_path / name).write_bytes(pack(plain.read_bytes()))
    assert passages(tmp_path / name) == [
        Passage("1", "Ulve", 'He said "no".\tThen left.'),
        Passage("2", "Marl, upon Ulve", "two\nlines"),
    ]


def test_a_large_table_is_read_block_by_block(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("toolbench_eval.data.qa.delimited.BLOCK", 200)
    path = tmp_path / "psgs.tsv"
    path.write_text("id\ttext\ttitle\n" + "".join(f"{at}\ttext {at}\ttitle {at}\n" for at in range(500)))
    table = read_delimited(path)
    assert table["text"].num_chunks > 10
    assert table["id"].to_pylist() == [str(at) for at in range(500)]
    assert len(read_passages(path)) == 500


def test_batches_make_no_difference(tmp_path: Path, monkeypatch):
    path = jsonl(tmp_path / "c.jsonl", [{"title": f"t{at}", "text": str(at)} for at in range(10)])
    whole = passages(path)
    monkeypatch.setattr(corpora, "BATCH", 3)
    assert passages(path) == whole


def test_parquet(tmp_path: Path):
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"docid": [3, 4], "contents": ["a", "b"]}), path)
    assert passages(path) == [Passage("3", "", "a"), Passage("4", "", "b")]


@pytest.mark.parametrize(
    ("name", "content", "row", "field", "message"),
    [
        ("c.jsonl", '{"id": "1", "text": "a"}\n{"id": "1", "text": "b"}\n', 2, "id", "stands twice"),
        ("c.jsonl", '{"id": "1", "text": "a"}\n{"title": "t", "text": "b"}\n', 2, "id", "no id although"),
        ("c.jsonl", '{"id": "1"}\n', 1, "text", "is missing"),
        ("c.jsonl", '["t", ["a", 3]]\n', 1, None, "must be"),
        ("c.jsonl", '"text"\n', 1, None, "must be a passage"),
        ("c.jsonl", '{"id": "1", "text": {"a": 1}}\n', 1, "text", "must be text"),
        ("c.tsv", "id\ttext\n1\ta\n2\tb\tc\n", 3, None, "has 3 fields where the header has 2"),
        ("c.tsv", "id\ttext\n1\ta\n1\tb\n", 3, "id", "stands twice"),
        ("c.tsv", "id\tbody\n1\ta\n", None, None, "needs a column text"),
    ],
)
def test_wrong_corpora(tmp_path: Path, name: str, content: str, row: int | None, field: str | None, message: str):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        read_passages(path)
    assert (str(caught.value.file), caught.value.row, caught.value.field) == (str(path), row, field)


def test_absent_corpora(tmp_path: Path):
    for name in ("absent.jsonl", "absent.tsv", "absent.parquet"):
        with pytest.raises(MissingDataError):
            read_passages(tmp_path / name)


def test_a_declared_corpus(tmp_path: Path):
    jsonl(tmp_path / "a.jsonl", [{"key": "1", "head": "Ulve", "body": "A river."}])
    jsonl(tmp_path / "b.jsonl", [{"key": "2", "head": "", "body": "A town."}])
    columns = {"id": "key", "title": "head", "text": "body"}
    spec = CorpusDeclaration.model_validate({"name": "c", "files": ["a.jsonl", "b.jsonl"], "columns": columns})
    found, origin = named_passages(CorpusSource(folder=tmp_path, spec=spec), Access(offline=True))
    assert [found[0], found[1]] == [Passage("1", "Ulve", "A river."), Passage("2", "", "A town.")]
    assert origin.kind == "files"
    again = CorpusDeclaration.model_validate({"name": "c", "files": ["a.jsonl", "a.jsonl"], "columns": columns})
    with pytest.raises(DataError, match="stands twice"):
        named_passages(CorpusSource(folder=tmp_path, spec=again), Access(offline=True))
