"""Every command as a user sees it: help with examples, JSON, tables that fit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.command import environment, evalharness, files_below

COMMANDS = [
    ("run",),
    ("score",),
    ("rescore",),
    ("tasks", "list"),
    ("tasks", "show"),
    ("tasks", "check"),
    ("models", "list"),
    ("models", "show"),
    ("data", "list"),
    ("data", "fetch"),
    ("data", "pin"),
    ("cache", "list"),
    ("cache", "prune"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of one run of the sample."""
    folder = tmp_path_factory.mktemp("place")
    assert evalharness("run", "--task", "sample", "--model", "bm25", cwd=folder).returncode == 0
    return folder


def printed(*arguments: str, cwd: Path, **env: str) -> str:
    done = evalharness(*arguments, cwd=cwd, env=environment(HF_HOME=str(cwd / ".hf"), **env))
    assert done.returncode == 0, done.stderr
    return done.stdout


def parsed(*arguments: str, cwd: Path) -> Any:
    return json.loads(printed(*arguments, "--json", cwd=cwd))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_a_terminal_and_shows_an_example_on_its_own_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    text = printed(*command, "--help", cwd=tmp_path, COLUMNS="80")
    examples = [line for line in text.splitlines() if line.startswith(f"    evalharness {' '.join(command)}")]
    assert examples
    assert all(len(line) <= 80 for line in text.splitlines() if line not in examples)
    assert text == printed(*command, "-h", cwd=tmp_path, COLUMNS="80")


def test_a_command_without_its_parts_shows_its_help(tmp_path: Path) -> None:
    for arguments in ((), ("tasks",), ("cache",)):
        done = evalharness(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "Commands:" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("tasks", "list"),
        ("tasks", "show", "sample"),
        ("tasks", "show", "toolret"),
        ("models", "list"),
        ("rescore", "results", "--instruction", "with"),
        ("run", "--task", "sample", "--model", "bm25"),
        ("run", "--task", "sample", "--model", "bm25", "--metrics", "nDCG(dcg='exp-log2')@20 RR ERR@20"),
    ],
    ids=" ".join,
)
def test_tables_fit_80_columns(place: Path, arguments: tuple[str, ...]) -> None:
    text = printed(*arguments, cwd=place, COLUMNS="80")
    lines = text.splitlines()
    headlines = [line for line in lines if " · " in line and "[" in line]
    assert all(len(line) <= 80 for line in lines if line not in headlines), text
    assert all(line == line.rstrip() for line in lines)


def test_a_summary_begins_with_the_headline_and_its_interval(place: Path) -> None:
    lines = printed("run", "--task", "sample", "--model", "bm25", cwd=place).splitlines()
    assert lines[0] == ("nDCG@10 0.3669 [0.3099, 0.4312] · sample category_macro · bm25 · without instruction")
    assert lines[1].startswith("nDCG@10 0.6396 [")
    assert lines[1].endswith("] · sample category_macro · bm25 · with instruction")
    rows = {line[:16].strip(): line.split() for line in lines[4:]}
    assert rows["category_macro"][1:3] == ["0.3669", "0.6396"]
    assert rows["darkroom"][1] == "12"
    assert list(rows)[-1] == "darkroom"


def test_partial_results_say_so(tmp_path: Path) -> None:
    text = printed("run", "--task", "sample:code", "--model", "bm25", "--protocol", "paper", cwd=tmp_path)
    for line in text.splitlines()[:2]:
        assert line.endswith("instruction, protocol paper · PARTIAL")


# JSON -----------------------------------------------------------------------------------------


def test_run_prints_what_it_wrote(place: Path) -> None:
    done = evalharness("run", "--task", "sample", "--model", "bm25", "--json", cwd=place)
    output = json.loads(done.stdout)
    stored = {path: json.loads(path.read_text()) for path in (place / "results").rglob("result.json")}
    assert set(output) == {"schema_version", "results"}
    assert {one["identity"] for one in output["results"]} <= {one["identity"] for one in stored.values()}
    assert done.stderr.count("already there") == 2


def test_lists_and_descriptions(tmp_path: Path) -> None:
    suites = {row["suite"]: row for row in parsed("tasks", "list", cwd=tmp_path)}
    assert (suites["sample"]["tasks"], suites["toolret"]["tasks"]) == (8, 35)
    assert parsed("tasks", "list", "sample", cwd=tmp_path)[0] == {
        **parsed("tasks", "show", "sample", cwd=tmp_path)["tasks"][0],
        "task": "sample/trips",
    }
    several = parsed("tasks", "show", "*/t*", cwd=tmp_path)
    assert {"sample", "toolret"} <= {one["name"] for one in several}
    assert {row["task"][0] for one in several for row in one["tasks"]} == {"t"}
    models = {row["model"]: row for row in parsed("models", "list", cwd=tmp_path)}
    assert (models["bm25"]["family"], models["bge"]["hub"]) == ("bm25", "BAAI/bge-base-en-v1.5")
    assert parsed("models", "show", "bge", cwd=tmp_path)["hub"] == "BAAI/bge-base-en-v1.5"
    assert {row["here"] for row in parsed("data", "list", "sample", cwd=tmp_path)} == {"yes"}
    assert parsed("cache", "list", cwd=tmp_path) == []


def test_score_by_hand(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("q1 0 d1 1\nq2 0 d2 2\n")
    (tmp_path / "r").write_text("q1 Q0 d1 1 9 t\nq1 Q0 d3 2 7 t\nq2 Q0 d4 1 3 t\nq2 Q0 d2 2 2 t\n")
    scores = parsed("score", "q", "r", "RR P(rel=2)@2", "AP", "-q", cwd=tmp_path)
    assert scores == {
        "scores": {"RR": 0.75, "P(rel=2)@2": 0.25, "AP": 0.75},
        "queries": 2,
        "per_query": {
            "q1": {"RR": 1.0, "P(rel=2)@2": 0.0, "AP": 1.0},
            "q2": {"RR": 0.5, "P(rel=2)@2": 0.5, "AP": 0.5},
        },
    }
    assert "per_query" not in parsed("score", "q", "r", "RR", cwd=tmp_path)
    assert printed("score", "q", "r", "RR", cwd=tmp_path) == "RR\t0.7500\n"


def test_a_dry_run_shows_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    plan = parsed("run", "--task", "sample:customized", "--model", "bm25", "--dry-run", cwd=tmp_path)["plan"]
    assert [(row["task"], row["instruction"], row["queries"], row["state"]) for row in plan] == [
        ("sample/office", "without", 20, "to do"),
        ("sample/darkroom", "without", 12, "to do"),
        ("sample/office", "with", 20, "to do"),
        ("sample/darkroom", "with", 12, "to do"),
    ]
    assert files_below(tmp_path) == {}
    printed("run", "--task", "sample:customized", "--model", "bm25", cwd=tmp_path)
    again = parsed("run", "--task", "sample:customized", "--model", "bm25", "--dry-run", cwd=tmp_path)["plan"]
    assert {row["state"] for row in again} == {"done"}
    assert {Path(tmp_path / row["folder"] / "result.json").is_file() for row in again} == {True}


# the rest -------------------------------------------------------------------------------------


def test_debug_shows_the_traceback_wherever_it_stands(tmp_path: Path) -> None:
    for arguments in (("--debug", "tasks", "show", "x"), ("tasks", "show", "x", "--debug")):
        done = evalharness(*arguments, cwd=tmp_path)
        assert done.returncode != 0
        assert "Traceback" in done.stderr
        assert "UnknownNameError" in done.stderr


def test_pins_are_written_whole_and_hold(tmp_path: Path) -> None:
    out = printed("data", "pin", "sample", "--out", "below/pins.toml", cwd=tmp_path)
    assert out == "pinned in below/pins.toml\n"
    assert (tmp_path / "below/pins.toml").read_text() == printed("data", "pin", "sample", cwd=tmp_path)


def unfinished(folder: Path) -> Path:
    path = folder / "results/sample/bm25/with-0123456789.partial"
    path.mkdir(parents=True)
    (path / "file").write_text("x" * 1000)
    return path


def test_unfinished_work_is_listed_and_removed(tmp_path: Path) -> None:
    path = unfinished(tmp_path)
    (entry,) = parsed("cache", "list", cwd=tmp_path)
    assert (entry["kind"], entry["name"]) == ("unfinished", "sample/bm25/with-0123456789.partial")
    refused = evalharness("cache", "prune", "unfinished", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert path.exists()
    assert "with-0123456789.partial" in printed("cache", "prune", "unfinished", "--yes", cwd=tmp_path)
    assert not path.exists()


@pytest.mark.parametrize(("answer", "gone"), [(b"n\n", False), (b"y\n", True)])
def test_removing_asks_at_a_terminal(tmp_path: Path, answer: bytes, gone: bool) -> None:
    pty = pytest.importorskip("pty", reason="no pseudo-terminals")
    import os
    import sys

    path = unfinished(tmp_path)
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "toolbench_eval", "cache", "prune", "unfinished"],
        cwd=tmp_path,
        env=environment(HF_HOME=str(tmp_path)),
        stdin=other,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.write(main, answer)
    output, errors = process.communicate(timeout=60)
    os.close(main)
    os.close(other)
    assert process.returncode == 0, errors
    assert path.exists() is not gone
    assert (b"nothing was removed" in output) is not gone
