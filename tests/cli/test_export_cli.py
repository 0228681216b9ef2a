"""`evalharness export`: the files it names are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import evalharness


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    assert evalharness("run", "--task", "sample", "--model", "bm25", cwd=folder).returncode == 0
    return folder


@pytest.mark.parametrize(("to", "files"), [("trec", 16), ("mteb", 2), ("model-index", 1)])
def test_every_format(place, to, files):
    done = evalharness("export", "results", "--instruction", "with", "--to", to, cwd=place)
    assert done.returncode == 0, done.stderr
    written = done.stdout.splitlines()
    assert len(written) == files
    assert all((place / name).is_file() for name in written)
    assert all(name.startswith(f"export/{to}/") for name in written)


def test_our_own_score_reads_what_was_exported(place):
    evalharness("export", "results", "--instruction", "without", "--to", "trec", "--out", "t", cwd=place)
    score = ("score", "t/qrels/trips.qrels", "t/runs/trips.run", "nDCG@10 R@100")
    done = evalharness(*score, cwd=place)
    assert done.stdout == "nDCG@10\t0.3839\nR@100\t0.7917\n"


def test_unknown_formats_and_results(place):
    assert evalharness("export", "results", "--to", "pdf", cwd=place).returncode == 2
    assert evalharness("export", "results", "--to", "trec", cwd=place).returncode == 2  # two settings
    assert evalharness("export", "gone", "--to", "trec", cwd=place).returncode == 2


SUITE = """
name = "tiny"
version = "1"
kind = "question-answering"
metrics = ["F1"]
[headline]
metric = "F1"
aggregate = "micro"
[[tasks]]
task = "bare"
file = "bare.jsonl"
[[tasks]]
task = "judged"
file = "judged.jsonl"
"""
PAGES = [["Ada", ["Ada was born in Paris."]], ["Bob", ["Bob was born in Rome."]]]
QUESTION = {"_id": "a", "question": "Where was Ada born?", "answer": "Paris", "context": PAGES}


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of an agent on a task without gold passages, on one with them, and without a retriever."""
    folder = tmp_path_factory.mktemp("solved")
    (folder / "suite.toml").write_text(SUITE, encoding="utf-8")
    (folder / "bare.jsonl").write_text(json.dumps(QUESTION), encoding="utf-8")
    (folder / "judged.jsonl").write_text(json.dumps({**QUESTION, "supporting_facts": [["Ada", 0]]}), encoding="utf-8")
    common = ("--tasks-dir", ".", "--llm", "scripted", "--set", "retrieval=distractor")
    for out, *run in (
        ("bare", "--task", "tiny/bare", "--agent", "rag", "--model", "bm25"),
        ("both", "--task", "tiny", "--agent", "rag", "--model", "bm25"),
        ("none", "--task", "tiny", "--agent", "direct"),
    ):
        done = evalharness("run", *common, "--out", out, *run, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def test_agents_without_judgments_are_told_what_they_lack(solved: Path):
    done = evalharness("export", "bare", "--to", "trec", cwd=solved)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no ranking to write: tiny/bare has no judgments")
    assert "evalharness trajectories show" in done.stderr and "None" not in done.stderr
    done = evalharness("export", "none", "--to", "trec", cwd=solved)
    assert (done.returncode, "searched nothing" in done.stderr) == (2, True)


def test_tasks_with_judgments_are_written_and_the_others_named(solved: Path):
    done = evalharness("export", "both", "--to", "trec", "--out", "t", cwd=solved)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["t/runs/judged.run", "t/qrels/judged.qrels"]
    assert done.stderr.startswith("left out: tiny/bare has no judgments")
