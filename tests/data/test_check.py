"""`tasks check`: every fault of a folder, each with file, row and field."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolbench_eval.data.check import Finding, check_folder
from toolbench_eval.errors import MissingDataError, UsageError

SUITE = 'name = "{name}"\nversion = "1"\ncorpus = "{name}-tools"\n[files]\nqueries = "{queries}"\n'
CORPUS = 'name = "{name}-tools"\nfiles = ["{documents}"]\n'
DOCUMENTS = [{"id": "d1", "text": "alpha"}, {"id": "d2", "text": "beta"}, {"id": "d3", "text": "beta"}]
QUERIES = [
    {"id": "q1", "query": "alpha", "instruction": "find it", "labels": [{"id": "d1", "relevance": 2}]},
    {"id": "q2", "query": "", "instruction": "find the empty one", "labels": json.dumps([{"id": "d2", "doc": {}}])},
    {"id": "q3", "query": "alpha", "instruction": None, "labels": [{"id": "d2"}, {"id": "d1", "relevance": 0}]},
]
DROP = object()
NAN = float("nan")


def jsonl(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def changed(rows: list[dict[str, object]], row: int, field: str, value: object) -> list[dict[str, object]]:
    found = [dict(one) for one in rows]
    if value is DROP:
        for one in found:
            one.pop(field, None)
    else:
        found[row][field] = value
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one sound suite; its oddities are ToolRet's own."""
    return write_suite(tmp_path / "own")


def write_suite(root: Path, name: str = "tiny", table: str = "task,queries,qrels\na,3,4\n") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "suite.toml").write_text(SUITE.format(name=name, queries="{task}.jsonl"))
    (folder / "tasks.csv").write_text(table)
    (folder / "corpus.toml").write_text(CORPUS.format(name=name, documents="documents.jsonl"))
    jsonl(folder / "documents.jsonl", DOCUMENTS)
    jsonl(folder / "a.jsonl", QUERIES)
    return root


def places(findings: list[Finding]) -> list[tuple[str, int | None, str | None]]:
    return [(Path(finding.file).name, finding.row, finding.field) for finding in findings]


def test_a_sound_folder_with_all_the_oddities_of_toolret(folder: Path):
    """An empty query with an instruction, JSON labels with embedded documents, repeated texts: all as in ToolRet."""
    assert check_folder(folder) == []


@pytest.mark.parametrize(
    ("row", "field", "value", "place", "message"),
    [
        (2, "id", "q1", (3, "id"), "the id 'q1' stands twice"),
        (1, "id", "", (2, "id"), "the id is empty"),
        (1, "id", None, (2, "id"), "the value is missing (null)"),
        (1, "id", NAN, (2, "id"), "the value is missing (NaN)"),
        (0, "query", None, (1, "query"), "the value is missing (null)"),
        (0, "query", NAN, (1, "query"), "the value is missing (NaN)"),
        (1, "instruction", None, (2, "query"), "the query is empty and has no instruction"),
        (1, "instruction", "  ", (2, "query"), "the query is empty and has no instruction"),
        (0, "query", DROP, (None, "query"), "there is no such column; found id, instruction, labels"),
        (0, "labels", DROP, (None, "labels"), "there is no such column; found id, query, instruction"),
        (0, "labels", [], (1, "labels"), "the query has no label"),
        (0, "labels", None, (1, "labels"), "must be a list of objects with 'id' and 'relevance', found None"),
        (0, "labels", "[", (1, "labels"), "not JSON: Expecting value: line 1 column 2 (char 1)"),
        (0, "labels", [{"id": "d9"}], (1, "labels"), "the document 'd9' is not in the corpus 'tiny-tools'"),
        (0, "labels", [{"id": "d1", "relevance": 1.5}], (1, "labels"), "a grade must be an integer, found 1.5"),
        (0, "labels", [{"id": "d1", "relevance": "a"}], (1, "labels"), "a grade must be an integer, found 'a'"),
        (0, "labels", [{"id": "d1", "relevance": True}], (1, "labels"), "a grade must be an integer, found True"),
        (
            0,
            "labels",
            [{"id": "d1", "relevance": NAN}],
            (1, "labels"),
            "a grade must be an integer, found nan",
        ),
    ],
)
def test_one_fault_in_the_queries(folder: Path, row, field, value, place, message):
    jsonl(folder / "tiny" / "a.jsonl", changed(QUERIES, row, field, value))
    findings = check_folder(folder)
    assert [(finding.row, finding.field, finding.message) for finding in findings] == [(*place, message)]
    assert findings[0].file == str(folder / "tiny" / "a.jsonl")


@pytest.mark.parametrize(
    ("row", "field", "value", "place", "message"),
    [
        (2, "id", "d1", (3, "id"), "the id 'd1' stands twice"),
        (2, "id", "", (3, "id"), "the id is empty"),
        (2, "id", None, (3, "id"), "the value is missing (null)"),
        (2, "text", None, (3, "text"), "the value is missing (null)"),
        (2, "text", NAN, (3, "text"), "the value is missing (NaN)"),
        (2, "text", "", (3, "text"), "the text is empty"),
        (2, "text", " \n", (3, "text"), "the text is empty"),
        (0, "text", DROP, (None, "text"), "there is no such column; found id"),
    ],
)
def test_one_fault_in_the_documents(folder: Path, row, field, value, place, message):
    jsonl(folder / "tiny" / "documents.jsonl", changed(DOCUMENTS, row, field, value))
    findings = check_folder(folder)
    assert [(finding.row, finding.field, finding.message) for finding in findings] == [(*place, message)]
    assert findings[0].file == str(folder / "tiny" / "documents.jsonl")


def test_columns_of_a_wrong_type(folder: Path):
    jsonl(folder / "tiny" / "documents.jsonl", [{"id": f"d{at}", "text": at} for at in (1, 2, 3)])
    pq.write_table(
        pa.table({"id": ["q"], "query": [True], "labels": ['[{"id": "d1"}]']}), folder / "tiny" / "a.parquet"
    )
    suite = folder / "tiny" / "suite.toml"
    suite.write_text(suite.read_text().replace("{task}.jsonl", "{task}.parquet"))
    (folder / "tiny" / "tasks.csv").write_text("task\na\n")
    assert [str(finding).split(", ", 1)[1] for finding in check_folder(folder)] == [
        "field 'text': must be text, found int64",
        "field 'query': must be text, found bool",
    ]


def test_all_faults_come_at_once(folder: Path):
    rows = changed(changed(QUERIES, 0, "labels", [{"id": "d8"}, {"id": "d9", "relevance": "x"}]), 2, "id", "q1")
    jsonl(folder / "tiny" / "a.jsonl", changed(rows, 1, "instruction", ""))
    jsonl(folder / "tiny" / "documents.jsonl", changed(changed(DOCUMENTS, 0, "text", ""), 1, "text", None))
    (folder / "models").mkdir()
    (folder / "models" / "mine.toml").write_text('name = "yours"\nfamily = "bm52"\n')
    assert sorted(places(check_folder(folder)), key=str) == [
        ("a.jsonl", 1, "labels"),
        ("a.jsonl", 1, "labels"),
        ("a.jsonl", 2, "query"),
        ("a.jsonl", 3, "id"),
        ("documents.jsonl", 1, "text"),
        ("documents.jsonl", 2, "text"),
        ("mine.toml", None, "family"),
        ("mine.toml", None, "name"),
    ]


def test_numbers_that_differ_from_the_table(folder: Path):
    (folder / "tiny" / "tasks.csv").write_text("task,queries,qrels\na,30,40\n")
    corpus = folder / "tiny" / "corpus.toml"
    corpus.write_text(f"documents = 5\n{corpus.read_text()}")
    assert [str(finding) for finding in check_folder(folder)] == [
        f"{corpus}, field 'documents': the declaration says 5 documents, there are 3",
        f"{folder}/tiny/tasks.csv, field 'queries': 'a': the table says 30 queries, there are 3",
        f"{folder}/tiny/tasks.csv, field 'qrels': 'a': the table says 40 qrels, there are 4",
    ]


def test_declarations_are_checked_whole(folder: Path):
    suite = folder / "tiny" / "suite.toml"
    suite.write_text(
        'name = "tiny"\nversion = "1"\ncorpus = "nothing"\nmetrics = ["nDCG@10", "nDCK@5", "R@x"]\n'
        '[files]\nqueries = "{task}.jsonl"\n[switches.ties]\ndefault = "never"\n[headline]\nmetric = "P@5"\n'
    )
    (folder / "tiny" / "tasks.csv").write_text("task,queries\na,3\na,3\nb,many\n")
    found = [(finding.field, finding.row) for finding in check_folder(folder)]
    assert found == [
        ("metrics", None),
        ("metrics", None),
        ("switches.ties", None),
        ("queries", 4),
        ("task", 3),
        ("corpus", None),
    ]


def test_wrong_keys_come_all(folder: Path):
    (folder / "tiny" / "suite.toml").write_text('name = "tiny"\nverion = "1"\ncorpus = "c"\ncolour = 1\n')
    assert [(finding.field, finding.message) for finding in check_folder(folder)] == [
        ("version", "is missing"),
        ("verion", "there is no such key"),
        ("colour", "there is no such key"),
    ]


def test_what_is_not_toml(folder: Path):
    for name in ("corpora/x.toml", "models/y.toml"):
        (folder / name).parent.mkdir()
        (folder / name).write_text("a = [")
    findings = check_folder(folder)
    assert sorted(Path(finding.file).name for finding in findings) == ["x.toml", "y.toml"]
    assert all("not a TOML file" in finding.message for finding in findings)


@pytest.mark.parametrize("name", ["a.jsonl", "documents.jsonl", "tasks.csv"])
def test_missing_files(folder: Path, name: str):
    (folder / "tiny" / name).unlink()
    assert [Path(finding.file).name for finding in check_folder(folder)] == [name]


@pytest.mark.parametrize("name", ["a.jsonl", "documents.jsonl"])
def test_empty_and_broken_files(folder: Path, name: str):
    (folder / "tiny" / name).write_text("")
    assert check_folder(folder)[0].message == "holds no record"
    (folder / "tiny" / name).write_text('{"id": "x"\n')
    broken = [finding for finding in check_folder(folder) if Path(finding.file).name == name]
    assert [finding.row for finding in broken] == [1]
    assert "not JSON" in broken[0].message


def test_an_id_in_two_files_of_a_corpus(folder: Path):
    (folder / "tiny" / "corpus.toml").write_text(
        'name = "tiny-tools"\n[files]\nx = "documents.jsonl"\ny = "more.jsonl"\n'
    )
    jsonl(folder / "tiny" / "more.jsonl", [{"id": "d7", "text": "x"}, {"id": "d2", "text": "x"}])
    findings = check_folder(folder)
    assert places(findings) == [("more.jsonl", 2, "id")]
    assert "documents.jsonl, too" in findings[0].message


def test_two_suites_of_one_name(folder: Path):
    write_suite(folder, "other")
    suite = folder / "other" / "suite.toml"
    suite.write_text(suite.read_text().replace('name = "other"', 'name = "tiny"'))
    assert [finding.field for finding in check_folder(folder)] == ["name"]


@pytest.mark.parametrize("kind", ["tsv", "parquet", "jsonl.gz", "csv"])
def test_other_formats(kind: str, folder: Path):
    labels = json.dumps([{"id": "d1"}, {"id": "d9"}])
    rows = {"id": ["q1", "q2"], "query": ["x", ""], "labels": [labels, labels]}
    path = folder / "tiny" / f"a.{kind}"
    write_as(path, rows)
    suite = folder / "tiny" / "suite.toml"
    suite.write_text(suite.read_text().replace("{task}.jsonl", f"{{task}}.{kind}"))
    (folder / "tiny" / "tasks.csv").write_text("task\na\n")
    header = int(kind in ("tsv", "csv"))
    assert places(check_folder(folder)) == [
        (path.name, 2 + header, "query"),
        (path.name, 1 + header, "labels"),
        (path.name, 2 + header, "labels"),
    ]


def write_as(path: Path, columns: dict[str, list[str]]) -> None:
    import csv
    import gzip

    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(columns), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)


# judgments in files of their own ----------------------------------------------------------------


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "nf"
    jsonl(folder / "corpus.jsonl", [{"_id": "d1", "title": "t", "text": ""}, {"_id": "d2", "title": "", "text": "x"}])
    jsonl(
        folder / "queries.jsonl", [{"_id": "q1", "text": "x"}, {"_id": "q2", "text": "y"}, {"_id": "q3", "text": "z"}]
    )
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t2\n")
    return folder


def test_a_sound_beir_folder(beir: Path):
    """A title alone is a text, and a query without judgments belongs to another split."""
    assert check_folder(beir) == []
    assert check_folder(beir.parent) == []


def test_faults_of_a_beir_folder(beir: Path):
    jsonl(beir / "corpus.jsonl", [{"_id": "d1", "title": "", "text": ""}, {"_id": "d1", "title": "", "text": "x"}])
    jsonl(beir / "queries.jsonl", [{"_id": "q1", "text": ""}, {"_id": "q2", "text": "y"}])
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq9\td9\t1.5\nq1\td1\t1\n\td1\t\n")
    assert sorted(places(check_folder(beir)), key=str) == [
        ("corpus.jsonl", 1, "text"),
        ("corpus.jsonl", 2, "_id"),
        ("queries.jsonl", 1, "text"),
        ("test.tsv", 3, "corpus-id"),
        ("test.tsv", 3, "query-id"),
        ("test.tsv", 3, "score"),
        ("test.tsv", 4, "corpus-id"),
        ("test.tsv", 5, "query-id"),
        ("test.tsv", 5, "score"),
    ]


def test_trec_judgments(folder: Path):
    suite = folder / "tiny" / "suite.toml"
    suite.write_text(suite.read_text() + 'qrels = "qrels.{task}"\n')
    (folder / "tiny" / "qrels.a").write_text("q1 0 d1 1\nq9 0 d1 1\nq1 0 d9 1\n")
    (folder / "tiny" / "tasks.csv").write_text("task,queries\na,9\n")
    assert [finding.message for finding in check_folder(folder)] == [
        "the query 'q9' is not in a.jsonl",
        "the document 'd9' is not in the corpus 'tiny-tools'",
        "'a': the table says 9 queries, there are 2",
    ]
    (folder / "tiny" / "qrels.a").write_text("q1 0 d1 one\n")
    assert places(check_folder(folder)) == [("qrels.a", 1, "grade")]


# what there is to check -------------------------------------------------------------------------


def test_a_folder_with_nothing_to_check(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UsageError, match=r"holds no suite .*no corpus .*no model card"):
        check_folder(tmp_path)
    with pytest.raises(MissingDataError, match="no such folder"):
        check_folder(tmp_path / "nowhere")


def test_hub_data_that_is_not_at_hand_is_no_fault(folder: Path):
    suite = folder / "tiny" / "suite.toml"
    suite.write_text(suite.read_text().replace('[files]\nqueries = "{task}.jsonl"', '[hub]\nrepo = "nobody/nothing"'))
    assert check_folder(folder) == []


def test_a_corpus_alone(folder: Path):
    (folder / "corpora").mkdir()
    (folder / "corpora" / "mine.toml").write_text('name = "mine"\nfiles = ["mine.jsonl"]\n')
    jsonl(folder / "corpora" / "mine.jsonl", [{"id": "a", "text": ""}])
    assert places(check_folder(folder)) == [("mine.jsonl", 1, "text")]


def test_how_a_finding_reads():
    assert str(Finding("a.jsonl", 3, "id", "stands twice")) == "a.jsonl, row 3, field 'id': stands twice"
    assert str(Finding("a.jsonl", None, None, "is empty")) == "a.jsonl: is empty"


def test_the_command(folder: Path):
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "toolbench_eval", "tasks", "check", *options]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "HF_HOME": str(folder)}
        )

    sound = run(str(folder))
    assert (sound.returncode, sound.stderr) == (0, "")
    jsonl(folder / "tiny" / "a.jsonl", changed(QUERIES, 2, "id", "q1"))
    found = run(str(folder))
    assert found.returncode == 1
    assert f"{folder}/tiny/a.jsonl, row 3, field 'id': the id 'q1' stands twice" in found.stdout
    assert run(str(folder), "--json").returncode == 1
    assert run(str(folder / "tiny" / "nothing")).returncode == 2
