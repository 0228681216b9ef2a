"""The data of suites for agents: where it is, fetching it, pinning it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import stage
from support.command import ROOT, environment, evalharness
from support.hub_server import HubServer

from toolbench_eval.data.availability import availability
from toolbench_eval.data.sources import Access
from toolbench_eval.registry import Registry

SUITE = """
name = "quiz"
version = "1"
kind = "question-answering"
metrics = ["EM", "F1"]
unit = "task"
headline = { metric = "F1", aggregate = "task_macro" }

[[tasks]]
task = "shelf"
queries = 3
file = "shelf.jsonl"
corpus = "context"

[[tasks]]
task = "far"
queries = 3
format = "hotpotqa"
repo = "quizzers/far"
config = "default"
split = "test"
corpus = "context"

[[tasks]]
task = "nowhere"
"""


def records() -> list[dict[str, Any]]:
    lines = (ROOT / "tasks/sample-mhqa/questions/bridge.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    return [json.loads(line) for line in lines]


@pytest.fixture
def quiz(tmp_path: Path) -> Path:
    """A folder with a suite of three tasks: one beside it, one on the hub, one that users have to bring."""
    folder = tmp_path / "mine/quiz"
    folder.mkdir(parents=True)
    (folder / "suite.toml").write_text(SUITE)
    (folder / "shelf.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records()))
    return tmp_path


def on_hub(hub: HubServer) -> None:
    """`quizzers/far`, as the hub has such records: columns."""
    folder = hub.root / "datasets/quizzers/far/main"
    folder.mkdir(parents=True)
    columns = [
        {
            "id": record["_id"],
            "question": record["question"],
            "answer": record["answer"] if isinstance(record["answer"], str) else record["answer"][0],
            "supporting_facts": {
                "title": [title for title, _ in record["supporting_facts"]],
                "sent_id": [number for _, number in record["supporting_facts"]],
            },
            "context": {
                "title": [title for title, _ in record["context"]],
                "sentences": [split for _, split in record["context"]],
            },
        }
        for record in records()
    ]
    (folder / "test.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in columns))


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


def test_each_task_is_listed_with_its_place(quiz: Path) -> None:
    rows = availability("quiz", Registry((quiz / "mine",)), Access(offline=True))
    shelf, far, *nowhere = rows
    assert shelf == {
        "name": "quiz/shelf",
        "source": str(quiz / "mine/quiz/shelf.jsonl"),
        "revision": "",
        "here": "yes",
    }
    assert (far["name"], far["source"], far["here"]) == ("quiz/far", "quizzers/far default", "no")
    assert [(row["name"], row["here"], row["source"].split()[0]) for row in nowhere] == [
        ("quiz/nowhere", "bring it", "--source"),
        ("quiz/nowhere", "bring it", "--corpus"),
    ]


@pytest.mark.parametrize(("suite", "files"), [("sample-mhqa", 4), ("sample-tools", 3)])
def test_what_ships_is_here(suite: str, files: int) -> None:
    rows = availability(suite, Registry(), Access(offline=True))
    assert len(rows) == files
    assert {row["here"] for row in rows} == {"yes"}


def test_every_task_that_ships_has_a_place() -> None:
    registry = Registry()
    for name in ("mhqa", "sample-mhqa", "sample-tools"):
        named = {row["name"] for row in availability(name, registry, Access(offline=True))}
        assert {f"{name}/{row.task}" for row in registry.suite(name).rows} <= named


def test_fetch_takes_what_is_on_the_hub_and_names_the_rest(quiz: Path, hub: HubServer) -> None:
    on_hub(hub)
    env = environment(**hub.env(quiz / "home"))
    fetched = evalharness("data", "fetch", "quiz", "--tasks-dir", "mine", cwd=quiz, env=env)
    assert fetched.returncode == 0, fetched.stderr
    shelf, far = fetched.stdout.splitlines()
    assert shelf == f"quiz/shelf: 3 rows from files {Path('mine/quiz/shelf.jsonl')}"
    assert far.startswith("quiz/far: 3 rows from hub quizzers/far@")
    assert "quiz/nowhere is on no hub: give its official file to each run with --source" in fetched.stderr
    # From here on nobody needs the hub.
    hub.fail(500)
    alone = ("--task", "quiz/far", "--agent", "rag", "--llm", "scripted", "--model", "bm25")
    done = evalharness("run", *alone, "--tasks-dir", "mine", "--offline", "--dry-run", "--json", cwd=quiz, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["plan"][0]["data"] == "cache"


def test_a_pinned_suite_refuses_other_data(quiz: Path) -> None:
    folder, tasks = quiz / "mine/quiz", ("--tasks-dir", str(quiz / "mine"))
    run = ("--agent", "rag", "--llm", "scripted", "--model", "bm25", *tasks)
    pin = ("data", "pin", "quiz", *tasks, "--offline")
    assert evalharness(*pin, cwd=quiz).returncode == 2  # not all data is here
    pinned = evalharness(*pin, "--allow-missing", "--out", str(folder / "pins.toml"), cwd=quiz)
    assert pinned.returncode == 0, pinned.stderr
    pins = tomllib.loads((folder / "pins.toml").read_text())
    with stage(quiz) as command:
        assert pins.keys() == {"quiz/shelf"}
        assert pins["quiz/shelf"].keys() == {"rows", "queries", "documents"}
        assert pins["quiz/shelf"]["rows"] == 3
        done = command("--task", "quiz/shelf", *run)
        assert done.code == 0, done.err
        assert done.result["tasks"]["quiz/shelf"]["queries_fingerprint"] == pins["quiz/shelf"]["queries"]
        assert done.result["tasks"]["quiz/shelf"]["corpus_fingerprint"] == pins["quiz/shelf"]["documents"]

        changed = [{**record, "answer": "Atlantis"} for record in records()]
        (folder / "shelf.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in changed))
        refused = command("--task", "quiz/shelf", *run)
        assert refused.code == 2
        assert "the data of 'quiz/shelf' is not what was pinned (queries: " in refused.err
        # A part of the data, or another corpus that the user names, is not what the pins speak of.
        assert command("--task", "quiz/shelf", *run, "--limit", "1").code == 0
        assert (
            command("--task", "quiz/shelf", *run, "--corpus", str(ROOT / "corpora/sample-mhqa/passages.jsonl")).code
            == 0
        )
