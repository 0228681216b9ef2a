"""Killed anywhere, the same command comes to the same result, and searches nothing twice."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path
from unittest.mock import ANY

import pytest
from support.command import evalharness, files_below
from support.slow_fixture import slow_environment

TASKS = ("--task", "sample/trips", "--task", "sample/tabtext", "--task", "sample/office")
COMMAND = ("run", *TASKS, "--model", "slow", "--tasks-dir", "mine")
SEARCHES = 6
"""Three tasks in two settings."""


def run(folder: Path, env: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    return evalharness(*COMMAND, *more, cwd=folder, env=env)


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def counts(env: dict[str, str]) -> Counter[str]:
    return Counter(Path(env["SLOW_LOG"]).read_text().split())


def canonical(files: dict[str, bytes]) -> dict[str, object]:
    """Every file; of results only what is canonical."""
    found: dict[str, object] = dict(files)
    for name, content in files.items():
        if name.endswith("result.json"):
            found[name] = {key: value for key, value in json.loads(content).items() if key != "execution"}
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], int]:
    """What a run leaves that nobody stopped, and how often it made a file its own."""
    folder = tmp_path_factory.mktemp("undisturbed")
    env = slow_environment(folder)
    done = run(folder, env)
    assert done.returncode == 0, done.stderr
    assert counts(env)["search"] == SEARCHES
    return canonical(files_below(folder / "results")), counts(env)["write"]


@pytest.mark.parametrize("at", [1, 4, SEARCHES])
def test_killed_in_a_search(tmp_path: Path, undisturbed: tuple[dict[str, object], int], at: int) -> None:
    env = slow_environment(tmp_path)
    assert run(tmp_path, {**env, "SLOW_AT": f"kill-search:{at}"}).returncode == -signal.SIGKILL
    assert not list((tmp_path / "results").rglob("result.json"))
    done = run(tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert ("continuing" in done.stderr) == (at > 1)
    assert canonical(files_below(tmp_path / "results")) == undisturbed[0]
    assert counts(env)["search"] == at + SEARCHES - (at - 1)


def others(folder: Path) -> set[str]:
    """Files that a run leaves beside its results and the log."""
    cache = folder.with_name(f"{folder.name}-evalharness")
    return {name for name in files_below(folder) if not name.startswith(("results/", "slow.log"))} | {
        *files_below(cache)
    }


# What is killed, which time, and what is searched and scored by the second start. The tasks share a corpus.
PHASES = [("load", 1, SEARCHES), ("index", 1, SEARCHES), ("score", 1, SEARCHES), ("score", 4, SEARCHES - 3)]


@pytest.mark.parametrize(("phase", "at", "left"), PHASES)
def test_killed_in_each_phase(
    tmp_path: Path, undisturbed: tuple[dict[str, object], int], phase: str, at: int, left: int
) -> None:
    env = slow_environment(tmp_path)
    before = others(tmp_path)
    assert run(tmp_path, {**env, "SLOW_AT": f"kill-{phase}:{at}"}).returncode == -signal.SIGKILL
    assert not list((tmp_path / "results").rglob("result.json"))
    seen = counts(env)
    done = run(tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert canonical(files_below(tmp_path / "results")) == undisturbed[0]
    assert others(tmp_path) == before
    assert counts(env) - seen == {"load": 1, "index": 1, "search": left, "score": left, "write": ANY}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95, 1.0])
def test_killed_while_it_writes(tmp_path: Path, undisturbed: tuple[dict[str, object], int], share: float) -> None:
    expected, writes = undisturbed
    env = slow_environment(tmp_path)
    at = max(1, round(share * writes))
    assert run(tmp_path, {**env, "SLOW_AT": f"kill-write:{at}"}).returncode == -signal.SIGKILL
    done = run(tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert canonical(files_below(tmp_path / "results")) == expected
    # A task counts as done with its note; only the one that was being written is searched again.
    assert counts(env)["search"] <= SEARCHES + 1


def test_a_damaged_piece_of_unfinished_work_is_done_again(
    tmp_path: Path, undisturbed: tuple[dict[str, object], int]
) -> None:
    env = slow_environment(tmp_path)
    run(tmp_path, {**env, "SLOW_AT": "kill-search:3"})
    damaged = next((tmp_path / "results").rglob("runs/trips.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-7])
    done = run(tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert canonical(files_below(tmp_path / "results")) == undisturbed[0]
    assert counts(env)["search"] == 3 + SEARCHES - 1


def test_document_ids_that_a_killed_run_left_cut_off_are_written_again(
    tmp_path: Path, undisturbed: tuple[dict[str, object], int]
) -> None:
    env = slow_environment(tmp_path)
    run(tmp_path, {**env, "SLOW_AT": "kill-search:3"})
    damaged = next((tmp_path / "results").rglob("documents/*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-7])
    done = run(tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert canonical(files_below(tmp_path / "results")) == undisturbed[0]
    assert counts(env)["search"] == 3 + SEARCHES


def test_the_same_command_again_loads_no_model_and_changes_nothing(tmp_path: Path) -> None:
    env = slow_environment(tmp_path)
    first = run(tmp_path, env)
    before = times(tmp_path / "results")
    seen = counts(env)
    again = run(tmp_path, env)
    assert again.stdout == first.stdout
    assert again.stderr.count("already there: ") == 2
    assert times(tmp_path / "results") == before
    assert counts(env) == seen


def test_another_setting_goes_to_another_folder(tmp_path: Path) -> None:
    env = slow_environment(tmp_path)
    seen: dict[str, bytes] = {}
    settings = [(), ("--k", "7"), ("--set", "ties=stable"), ("--limit", "3"), ("--metrics", "RR@3"), ("--seed", "1")]
    for number, setting in enumerate(settings, start=1):
        assert run(tmp_path, env, "--instruction", "with", *setting).returncode == 0
        files = files_below(tmp_path / "results")
        assert {name: files[name] for name in seen} == seen
        assert sum(name.endswith("result.json") for name in files) == number
        seen = files
