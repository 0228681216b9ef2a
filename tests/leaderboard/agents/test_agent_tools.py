"""Entries of tool use: tools on offer, states and retrieved tools are had again; what a judge said is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.forging import faults, submitted, verified
from support.forging_agents import AgentForger

import toolbench_eval

TASK = "sample-tools/change"


def entry_of(folder: Path, **options) -> Path:
    toolbench_eval.evaluate("sample-tools", out=folder / "r", agent="react", llm="scripted", offline=True, **options)
    return submitted(folder / "r", folder / "board")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board with one entry; not to be changed."""
    return entry_of(tmp_path_factory.mktemp("tools")).parent


@pytest.fixture
def forger(made: Path, tmp_path: Path) -> AgentForger:
    return AgentForger(next(Path(shutil.copytree(made, tmp_path / "board")).glob("react_*")))


def test_an_honest_entry_is_proven(made):
    report = verified(made)
    assert report.findings == ()
    assert report.proven == 1


SPOILED = {
    "state": (lambda r: r[0].update({"state": {}}), "samples_file, state: sample '"),
    "offered": (lambda r: r[0]["offered"].pop(), "samples_file, offered: sample '"),
    "verdict": (lambda r: r[0].update({"verdict": {"pass": 1}}), f"tasks.{TASK}"),
    "no verdict": (lambda r: r[0].pop("verdict"), "verdict: is missing"),
    "gold call": (lambda r: r[0]["gold"]["gold_calls"].clear(), "samples_file, gold: sample '"),
    "calls that were made": (
        lambda r: [step.update({"name": "nothing"}) for step in r[0]["trajectory"]["steps"] if step["step"] == "tool"],
        f"tasks.{TASK}",
    ),
    "source": (
        lambda r: [step.update({"source": "live"}) for step in r[0]["trajectory"]["steps"] if step["step"] == "tool"],
        "solved.sources.live",
    ),
    "arguments": (
        lambda r: [step.update({"arguments": 5}) for step in r[0]["trajectory"]["steps"] if step["step"] == "tool"],
        "not a trajectory",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_samples_are_found(forger, name):
    change, words = SPOILED[name]
    forger.rewrite(lambda records: (change(records), None)[1], TASK)
    there = faults(forger.folder.parent)
    assert any(text.startswith(f"{forger.folder.name}: ") and words in text for text in there), there


def test_retrieved_tools_are_those_of_the_run_and_a_judge_is_flagged(tmp_path):
    forger = AgentForger(entry_of(tmp_path, model="bm25", judge="scripted"))
    report = verified(tmp_path / "board")
    assert report.of_kind("fault") == []
    assert [flag.field for flag in report.of_kind("flag")] == ["task_setting.judge"]
    assert report.proven == 1
    forger.rewrite(lambda records: records[0]["offered"].reverse(), TASK)
    assert any("samples_file, offered: sample '" in text for text in faults(tmp_path / "board"))
    forger.forge(lambda result: result["task_setting"].update(tools_k="5"))
    assert any("rows; at most" in text for text in faults(tmp_path / "board"))
