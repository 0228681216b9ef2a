"""Small suites of tool use for tests: written, run by an obedient agent, and scored again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.agent_stage import Stage, samples
from toolbench_eval.evaluation.solving.rescore import rescore_solved

AGENT = ("--agent", "support.tool_agents:Obedient", "--llm", "scripted")
SHOP = "support.tool_shop:shop"
HEAD = """
name = "tiny"
version = "1"
kind = "tool-use"
metrics = {metrics}
unit = "task"
[headline]
metric = "success"
aggregate = "task_macro"
[[tasks]]
task = "one"
"""


def suite(
    folder: Path, problems: Sequence[Mapping[str, Any]], metrics: Sequence[str] = ("success",), **row: str
) -> Path:
    folder.mkdir(exist_ok=True)
    columns = {"file": "p.jsonl", "environment": SHOP, **row}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in columns.items())
    (folder / "suite.toml").write_text(HEAD.format(metrics=list(metrics)) + lines, encoding="utf-8")
    (folder / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in problems), encoding="utf-8")
    return folder


def solved(at: Stage, folder: Path, *more: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]], Path]:
    done = at("--task", "tiny", "--tasks-dir", str(folder), *AGENT, "--max-failures", "1", *more)
    assert done.code == 0, done.err
    return done.result, samples(done.folder, "one"), done.folder


def values(records: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, float]:
    return {name: record["scores"][measure] for name, record in records.items()}


def again(folder: Path) -> None:
    """The stored samples give the stored result."""
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    scored = rescore_solved(folder / "result.json")
    assert scored.identity == result["identity"]
    assert {name: task.scores for name, task in scored.tasks.items()} == {
        name: task["scores"] for name, task in result["tasks"].items()
    }


PEN, INK = {"item": "pen"}, {"item": "ink"}
