"""`trajectories preferences`: pairs of a task, of a local model, of conversations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import ROOT, environment, evalharness
from support.tool_conversations import ASKED, made, record

from toolbench_eval.errors import DataError, EvalHarnessError
from toolbench_eval.training.pairing import PairRequest, pair

SUITE = """
name = "phone-book"
version = "1"
kind = "tool-use"
metrics = ["success"]
headline = { metric = "success", aggregate = "micro" }

[[tasks]]
task = "numbers"
file = "numbers.jsonl"
environment = "my_people:people"
scoring = "path"
"""
MODULE = '''
from toolbench_eval.environments.functions import FunctionEnvironment


def find(name: str) -> dict:
    """Find a person by name."""
    return {"person_id": "p-1"}


def phone(person_id: str) -> str:
    """Tell the phone number of a person.

    Args:
        person_id: Id of a person, from find.
    """
    return "555-0100"


def people(setup):
    return FunctionEnvironment([find, phone])


def always_find(messages):
    return 'Action: find[{"name": "Ada"}]'
'''
PROBLEMS = [
    {
        "id": f"q{number}",
        "text": "What is the phone number of Ada?",
        "gold_calls": [
            {"name": "find", "arguments": {"name": name}},
            {"name": "phone", "arguments": {"person_id": "p-1"}},
        ],
    }
    for number, name in enumerate(["Ada", "Bob"])
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "suite.toml").write_text(SUITE)
    (tmp_path / "suite" / "numbers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in PROBLEMS))
    (tmp_path / "my_people.py").write_text(MODULE)
    return tmp_path


def run(*arguments: str, cwd: Path) -> object:
    env = environment(HF_HOME=str(cwd / ".hf"), PYTHONPATH=f"{cwd}:{ROOT / 'tests'}")
    return evalharness("trajectories", "preferences", *arguments, cwd=cwd, env=env)


def test_pairs_of_a_task(place: Path) -> None:
    asked = ["--task", "phone-book", "--tasks-dir", "suite", "--llm", "scripted/my_people:always_find", "--json"]
    done = run(*asked, "--out", "pairs.jsonl", cwd=place)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    # In turn 0 the call of q0 is right and that of q1 has another value (9/11), which passes; turn 1 wants `phone`.
    assert summary["turns"] == 4
    assert summary["outcomes"] == {"nothing rejected": 2, "paired": 2}
    assert (summary["pairs"], summary["gold_chosen"], summary["failed"]) == (2, 2, 0)
    lines = [json.loads(line) for line in (place / "pairs.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["phone-book/numbers/q0/1", "phone-book/numbers/q1/1"]
    assert set(lines[0]) >= {"prompt", "tools", "chosen", "rejected", "scores", "meta"}
    assert lines[0]["chosen"] == [{"role": "assistant", "content": 'Action: phone[{"person_id": "p-1"}]'}]
    assert lines[0]["rejected"] == [{"role": "assistant", "content": 'Action: find[{"name": "Ada"}]'}]
    assert lines[0]["prompt"][3]["content"].startswith("Observation (ok)")
    assert sorted(tool["function"]["name"] for tool in lines[0]["tools"]) == ["find", "phone"]
    assert lines[0]["meta"]["variant"] == "completions"
    again = run(*asked, "--out", "pairs.jsonl", cwd=place)
    assert "already there" in again.stderr
    assert json.loads(again.stdout) == summary
    other = run(*asked, "--threshold", "0.9", "--out", "pairs.jsonl", cwd=place)
    assert (other.returncode, "threshold differ" in other.stderr) == (2, True)


def test_token_branches_of_a_local_model(place: Path, tiny: Path) -> None:
    options = ["--variant", "tokens", "--branches", "2", "--alternatives", "1", "--limit", "1", "--device", "cpu"]
    options += ["--max-tokens", "45"]
    done = run(
        *[
            "--task",
            "phone-book",
            "--tasks-dir",
            "suite",
            "--llm",
            f"hf/{tiny}",
            "--out",
            "t.jsonl",
            *options,
            "--json",
        ],
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (place / "t.jsonl").read_text().splitlines()]
    assert json.loads(done.stdout)["pairs"] == len(lines) >= 4
    assert all(line["chosen_from"] == "gold" for line in lines)
    assert lines[0]["meta"]["design"] == "our own"
    assert {line["drawn"].get("trunk") for line in lines} == {"own", "gold"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "name tasks with --task or conversations with --records"),
        ({"tasks": ("phone-book",), "records": Path("x.jsonl")}, "name tasks with --task or conversations"),
        ({"tasks": ("phone-book",), "variant": "tokens"}, "needs the tokens of a local model"),
        ({"tasks": ("phone-book",), "temperature": 0.0}, "every draw is the same"),
        ({"tasks": ("phone-book",), "threshold": 8.0}, "a score from 0 to 1"),
        ({"tasks": ("sample/trips",)}, "no suite of tool use"),
        ({"records": Path("nothing.jsonl")}, "no such file"),
    ],
)
def test_what_cannot_be_sampled_is_refused(tmp_path: Path, asked: dict[str, object], told: str) -> None:
    with pytest.raises(EvalHarnessError, match=told):
        pair(PairRequest("scripted", tmp_path / "x.jsonl", **asked))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_conversations_of_one_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(dict(record(ASKED, made(("find", {"name": "a"}))).values)) + "\n")
    assert pair(PairRequest("scripted", tmp_path / "x.jsonl", records=path))["turns"] == 1
    path.write_text(path.read_text() * 2)
    with pytest.raises(DataError, match="the id 'c1' stands twice"):
        pair(PairRequest("scripted", tmp_path / "y.jsonl", records=path))
