"""Declarations of tool use suites: what is refused, and the sizes of those that ship."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import tool_suite

from toolbench_eval.data.check import check_folder
from toolbench_eval.data.tools import scorings
from toolbench_eval.declarations import inspect_suite
from toolbench_eval.evaluation.solving.tools.success import SCORINGS
from toolbench_eval.metrics.of_samples import of_samples
from toolbench_eval.metrics.tools.bfcl import SINGLE_TURN
from toolbench_eval.registry import Registry
from toolbench_eval.suites import ToolRow

HEAD = tool_suite.HEAD.format(metrics=["success", "cpr_set", "tool_calls"])

SIZES = {
    "toolflow": 20 * 4 + 41 + 40 + 50 + 100 + 57,
    "restbench": 157,
    "apibank": 50,
    "apibank-responses": 0,
    "bfcl": 400 + 100 + 50 + 200 * 3 + 240 + 258 + 1053 + 16 + 24 + 884 + 16,
    "dbbench": 360,
    "tabmwp": 0,
    "gsm8k-tools": 1319,
    "rea360": 450,
    "stabletoolbench": 765,
    "teval": 553 + 553 + 487,
}


def faults(tmp_path: Path, lines: str) -> list[tuple[str | None, str]]:
    (tmp_path / "suite.toml").write_text(HEAD + lines, encoding="utf-8")
    return [(fault.field, fault.message) for fault in inspect_suite(tmp_path / "suite.toml")[1]]


def test_a_row_may_be_its_name_alone(tmp_path: Path):
    assert faults(tmp_path, "") == []
    suite, _ = inspect_suite(tmp_path / "suite.toml")
    assert suite is not None
    assert suite.rows[0] == ToolRow(task="one", format="plain", environment="none", scoring="answer")


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ('format = "bflc"', "format"),
        ('environment = "sqll"', "environment"),
        ('scoring = "asts"', "scoring"),
        ('file = "a.jsonl"\nrepo = "a/b"\nsplit = "test"', "file"),
        ('repo = "a/b"', "split"),
        ('config = "main"', "config"),
        ('search = "open"', "search"),
    ],
)
def test_what_is_refused(tmp_path: Path, lines: str, field: str):
    assert [name for name, _ in faults(tmp_path, lines)] == [field]


def test_own_environments_are_not_imported_to_read_a_declaration(tmp_path: Path):
    assert faults(tmp_path, 'environment = "no.such.module:function"') == []


def test_measures_of_tool_use_are_known_to_tool_use_alone(tmp_path: Path):
    (tmp_path / "suite.toml").write_text(HEAD.replace("cpr_set", "cpr_sets"), encoding="utf-8")
    assert [fault.field for fault in inspect_suite(tmp_path / "suite.toml")[1]] == ["metrics"]
    (tmp_path / "suite.toml").write_text(HEAD.replace("tool-use", "question-answering"), encoding="utf-8")
    assert "metrics" in [fault.field for fault in inspect_suite(tmp_path / "suite.toml")[1]]


def test_ways_of_scoring_are_named_and_made():
    assert set(scorings.SCORINGS) == set(SCORINGS)
    assert all(of_samples(name) for one in SCORINGS.values() for name in ("success", *one.measures))


@pytest.mark.parametrize("name", SIZES)
def test_what_ships(name: str):
    suite = Registry().suite(name)
    assert suite.spec.kind == "tool-use"
    assert sum(row.queries or 0 for row in suite.rows) == SIZES[name]
    assert all(isinstance(row, ToolRow) and row.source and row.licence != "" for row in suite.rows)
    assert suite.spec.citation is not None
    text = (suite.folder / suite.spec.citation).read_text(encoding="utf-8")
    assert text.count("@") == text.count("year = ") >= 1
    metric = {"apibank-responses": "rouge_l"}.get(name, "success")
    aggregate = {"teval": "category_macro"}.get(name, "task_macro")
    assert suite.spec.headline.model_dump() == {"metric": metric, "aggregate": aggregate}


def test_every_single_turn_category_of_bfcl_is_a_task():
    suite = Registry().suite("bfcl")
    assert [row.task for row in suite.rows] == list(SINGLE_TURN)
    answered = {row.task for row in suite.rows if isinstance(row, ToolRow) and row.gold}
    assert answered == {name for name in SINGLE_TURN if not name.endswith("relevance")}


def test_check_finds_faults_of_problems(tmp_path: Path):
    lines = 'file = "p.jsonl"\nenvironment = "support.tool_shop:shop"\nscoring = "path"\nqueries = 9\n'
    (tmp_path / "suite.toml").write_text(HEAD + lines, encoding="utf-8")
    problems = [
        {"id": "a", "text": "t", "gold_calls": ["price"], "candidates": ["prices"]},
        {"id": "a", "text": " ", "gold_calls": []},
        {"id": "c", "gold_calls": ["price"]},
    ]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in problems), encoding="utf-8")
    found = {(one.row, one.field) for one in check_folder(tmp_path)}
    assert found == {(1, "candidates"), (2, "id"), (2, "text"), (2, "gold_calls"), (3, "text")}
    problems = [{"id": "a", "text": "t", "gold_calls": ["price"]}]
    (tmp_path / "p.jsonl").write_text(json.dumps(problems[0]) + "\n", encoding="utf-8")
    assert [(one.field, one.message) for one in check_folder(tmp_path)] == [
        ("queries", "'one': the table says 9 queries, there are 1")
    ]
