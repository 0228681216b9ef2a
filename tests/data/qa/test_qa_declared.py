"""What question answering suites declare, and the faults that `tasks check` finds in them and their records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import evalharness

from toolbench_eval.data.check import Finding, check_folder
from toolbench_eval.declarations import inspect_suite, read_suite
from toolbench_eval.errors import DataError
from toolbench_eval.suites import QuestionRow

SUITE = """name = "own"
version = "1"
kind = "question-answering"
metrics = ["EM", "F1", "gold_recall@5", "nDCG@10"]
unit = "task"
[headline]
metric = "F1"
aggregate = "task_macro"
"""
TABLE = "task,format,file,corpus,queries\nwater,auto,water.jsonl,own,2\n"
QUESTIONS = [
    {"id": "q1", "question": "Which river?", "answer": "Ulve", "gold_passages": ["p1"]},
    {"id": "q2", "question": "Which town?", "answer": ["Marl", "Marle"], "gold_passages": ["p2", "p1"]},
]
PASSAGES = [{"id": "p1", "title": "Ulve", "text": "A river."}, {"id": "p2", "title": "Marl", "text": "A town."}]


def jsonl(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "suite.toml").write_text(SUITE)
    (tmp_path / "tasks.csv").write_text(TABLE)
    (tmp_path / "corpus.toml").write_text('name = "own"\nfiles = ["passages.jsonl"]\n[columns]\ntitle = "title"\n')
    jsonl(tmp_path / "passages.jsonl", PASSAGES)
    jsonl(tmp_path / "water.jsonl", QUESTIONS)
    return tmp_path


def places(findings: list[Finding]) -> list[tuple[str, int | None, str | None]]:
    return [(Path(one.file).name, one.row, one.field) for one in findings]


def test_a_sound_suite(folder: Path):
    assert check_folder(folder) == []
    suite = read_suite(folder / "suite.toml")
    assert suite.spec.kind == "question-answering"
    (row,) = suite.rows
    assert isinstance(row, QuestionRow)
    assert (row.format, row.search, row.answer_type, row.licence) == ("auto", "open", None, "not stated")


def test_rows_in_the_declaration_itself(folder: Path):
    (folder / "suite.toml").write_text(SUITE + '[[tasks]]\ntask = "a"\nrepo = "o/n"\nsplit = "dev"\n')
    assert read_suite(folder / "suite.toml").rows == (QuestionRow(task="a", repo="o/n", split="dev"),)


@pytest.mark.parametrize(
    ("table", "field", "message"),
    [
        ("task,format\na,hotpot\n", "format", "hotpotqa"),
        ("task,profile\na,official\n", "profile", "official-hotpotqa"),
        ("task,file,repo,split\na,a.jsonl,o/n,dev\n", "file", "not both"),
        ("task,repo\na,o/n\n", "split", "name the split"),
        ("task,split\na,dev\n", "split", "needs a data set"),
        ("task,search\na,closed\n", "search", "open"),
        ("task,answer_type\na,number\n", "answer_type", "boolean"),
        ("task,colour\na,red\n", "colour", "no such key"),
        ("task,queries\na,many\n", "queries", "integer"),
    ],
)
def test_wrong_rows(folder: Path, table: str, field: str, message: str):
    (folder / "tasks.csv").write_text(table)
    _, faults = inspect_suite(folder / "suite.toml")
    assert [(fault.file, fault.row, fault.field) for fault in faults] == [(folder / "tasks.csv", 2, field)]
    assert message in faults[0].message


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('"EM", "F1"', '"EM", "F1", "F2x"', "metrics"),
        ('"gold_recall@5"', '"gold_recall"', "metrics"),
        ('metric = "F1"', 'metric = "acc_contain"', "headline.metric"),
        ('"task_macro"', '"subset_macro"', "headline.aggregate"),
        ('unit = "task"', 'unit = "task"\ncorpus = "own"', "corpus"),
        ('unit = "task"', 'unit = "task"\ndepth = 10', "depth"),
        ("question-answering", "answering", "kind"),
    ],
)
def test_wrong_declarations(folder: Path, old: str, new: str, field: str):
    (folder / "suite.toml").write_text(SUITE.replace(old, new))
    with pytest.raises(DataError) as caught:
        read_suite(folder / "suite.toml")
    assert caught.value.field == field


def test_retrieval_suites_know_none_of_these_columns(folder: Path):
    retrieval = 'name = "own"\nversion = "1"\ncorpus = "own"\n[files]\n'
    (folder / "suite.toml").write_text(retrieval)
    _, faults = inspect_suite(folder / "suite.toml")
    assert {fault.field for fault in faults} == {"format", "file", "corpus"}


@pytest.mark.parametrize(
    ("row", "change", "field", "message"),
    [
        (1, {"id": "q1"}, "id", "stands twice"),
        (1, {"id": " "}, "id", "the id is empty"),
        (0, {"question": " "}, "question", "the question is empty"),
        (0, {"question": None}, "question", "is missing"),
        (0, {"answer": ""}, "answer", "there is no answer"),
        (1, {"answer": []}, "answer", "there is no answer"),
        (1, {"answer": {"a": 1}}, "answer", "must be text"),
        (1, {"gold_passages": ["p1", "p9"]}, "gold_passages", "'p9' is not in the corpus"),
        (1, {"gold_passages": "p1"}, "gold_passages", "must be a list"),
        (1, {"gold_passages": [], "gold_titles": ["Bree"]}, "gold_passages", "not exactly one passage"),
        (0, {"hops": "two"}, "hops", "whole number"),
        (0, {"answer_type": "number"}, "answer_type", "must be one of"),
    ],
)
def test_faults_of_records(folder: Path, row: int, change: dict[str, object], field: str, message: str):
    jsonl(folder / "water.jsonl", [one | change if at == row else one for at, one in enumerate(QUESTIONS)])
    (found,) = check_folder(folder)
    assert places([found]) == [("water.jsonl", row + 1, field)]
    assert message in found.message


def test_all_faults_at_once(folder: Path):
    wrong = [QUESTIONS[0] | {"answer": None}, QUESTIONS[1] | {"question": 3.5, "gold_passages": ["p7"]}, {"id": "q3"}]
    jsonl(folder / "water.jsonl", wrong)
    assert places(check_folder(folder)) == [
        ("water.jsonl", 3, "question"),
        ("water.jsonl", 1, "answer"),
        ("water.jsonl", 2, "gold_passages"),
    ]


def test_declared_booleans(folder: Path):
    (folder / "tasks.csv").write_text("task,file,answer_type\nwater,water.jsonl,boolean\n")
    assert places(check_folder(folder)) == [("water.jsonl", 1, "answer"), ("water.jsonl", 2, "answer")]


def test_evidence_in_the_context(folder: Path):
    record = {
        "_id": "h",
        "question": "?",
        "answer": "a",
        "supporting_facts": [["Ulve", 2], ["Absent", 0]],
        "context": [["Ulve", ["One.", " Two."]]],
    }
    jsonl(folder / "water.jsonl", [record])
    (folder / "tasks.csv").write_text("task,file,corpus\nwater,water.jsonl,context\n")
    found = check_folder(folder)
    assert places(found) == [("water.jsonl", 1, "supporting_facts"), ("water.jsonl", 1, "gold_passages")]
    assert "has 2 sentences" in found[0].message
    assert "'Absent'" in found[1].message


def test_counts_and_places(folder: Path):
    (folder / "tasks.csv").write_text(TABLE.replace(",2\n", ",3\n"))
    assert places(check_folder(folder)) == [("tasks.csv", None, "queries")]
    (folder / "tasks.csv").write_text(TABLE.replace(",own,", ",other,"))
    assert places(check_folder(folder)) == [("tasks.csv", None, "corpus")]
    (folder / "tasks.csv").write_text(TABLE.replace("water.jsonl", "absent.jsonl"))
    assert [one.message for one in check_folder(folder)] == ["there is no such file"]
    (folder / "tasks.csv").write_text("task\nwater\n")  # its records come from --source
    assert check_folder(folder) == []


def test_faults_of_the_corpus_are_told_once(folder: Path):
    jsonl(folder / "passages.jsonl", [PASSAGES[0], PASSAGES[0]])
    assert places(check_folder(folder)) == [("passages.jsonl", 2, "id")]


def test_the_command_line(folder: Path, tmp_path: Path):
    done = evalharness("tasks", "check", str(folder), cwd=tmp_path)
    assert (done.returncode, "no faults" in done.stdout) == (0, True)
    shown = evalharness("tasks", "show", "own", "--tasks-dir", str(folder), cwd=tmp_path)
    assert "question-answering" in shown.stdout
    assert "water.jsonl" in shown.stdout
    assert "instruction" not in shown.stdout
    listed = evalharness("tasks", "list", "own", "--tasks-dir", str(folder), "--json", cwd=tmp_path)
    assert json.loads(listed.stdout)[0]["file"] == "water.jsonl"
