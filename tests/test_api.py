"""The Python interface mirrors the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import evalharness

import toolbench_eval
from toolbench_eval.errors import DataError, UnknownNameError, UsageError


def test_everything_that_is_promised_is_there() -> None:
    for name in toolbench_eval.__all__:
        assert callable(getattr(toolbench_eval, name))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        toolbench_eval.nothing  # noqa: B018


def test_evaluate_is_run(tmp_path: Path) -> None:
    arguments = (
        "--task",
        "sample:code",
        "--model",
        "bm25",
        "--k",
        "20",
        "--metrics",
        "RR ERR@5",
        "--set",
        "ties=stable",
    )
    done = evalharness("run", *arguments, "--json", cwd=tmp_path)
    results = toolbench_eval.evaluate(
        "sample:code", "bm25", out=tmp_path / "api", k=20, metrics=["RR", "ERR@5"], switches={"ties": "stable"}
    )
    printed = json.loads(done.stdout)
    assert printed["schema_version"] == 1
    assert [one["identity"] for one in printed["results"]] == [one.identity for one in results]
    names = [sorted(path.name for path in folder.rglob("*-*")) for folder in (tmp_path / "results", tmp_path / "api")]
    assert names[0] == names[1]


def test_the_same_call_again_returns_what_is_there(tmp_path: Path) -> None:
    first, again = (toolbench_eval.evaluate("sample/trips", "bm25", out=tmp_path) for _ in range(2))
    assert first == again


def test_score_reads_files_and_objects(tmp_path: Path) -> None:
    (tmp_path / "qrels").write_text("q1 0 d1 1\nq2 0 d2 1\n")
    (tmp_path / "run").write_text("q1 Q0 d3 1 2.0 t\nq1 Q0 d1 2 1.0 t\nq2 Q0 d2 1 1.0 t\n")
    scores = toolbench_eval.score(tmp_path / "qrels", str(tmp_path / "run"), "RR P@1")
    assert {name: values.tolist() for name, values in scores.values.items()} == {"RR": [0.5, 1.0], "P@1": [0.0, 1.0]}
    assert scores.aggregate("RR") == 0.75


def test_load_task_and_load_model() -> None:
    task = toolbench_eval.load_task("sample/tunes")
    assert len(task.queries) == len(task.qrels) == 20
    assert toolbench_eval.load_model("bm25").name == "bm25"


def test_errors_are_those_of_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean sample"):
        toolbench_eval.evaluate("sampel", "bm25", out=tmp_path)
    with pytest.raises(UsageError, match="--k must be at least 1"):
        toolbench_eval.evaluate("sample", "bm25", out=tmp_path, k=0)
    with pytest.raises(UsageError, match="at least one task"):
        toolbench_eval.evaluate([], "bm25", out=tmp_path)
    with pytest.raises(DataError, match="no such file"):
        toolbench_eval.score(tmp_path / "nowhere", tmp_path / "nowhere", "AP")
    assert list(tmp_path.iterdir()) == []
