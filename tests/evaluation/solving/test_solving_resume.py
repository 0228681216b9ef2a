"""Killed, stopped or out of space: the same command comes to the same result, and no finished sample is solved again.

Commands that are killed, stopped or meet each other run in processes of their own.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import LLM, calls, canonical, samples, stage
from support.command import command, environment, evalharness
from support.endpoint import EndpointServer, scripted_reader
from support.full_disk import limited

from toolbench_eval.data.qa.load import load_questions
from toolbench_eval.data.sources import Access
from toolbench_eval.registry import Registry

SAMPLES = 10
TASK = "sample-mhqa/bridge"
RUN = ("run", "--task", TASK, "--agent", "rag", "--llm", LLM, "--model", "bm25", "--limit", str(SAMPLES))


@pytest.fixture(scope="module")
def questions() -> dict[str, str]:
    suite = Registry().suite("sample-mhqa")
    task = load_questions(suite, suite.rows[0], Access(offline=True), limit=SAMPLES)  # type: ignore[arg-type]
    return {question.id: question.text for question in task.questions}


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with EndpointServer(scripted_reader, latency=0.05) as made:
        yield made


def place(server: EndpointServer, cache: Path) -> dict[str, str]:
    return environment(EVALHARNESS_CACHE=str(cache), **server.env())


def result(folder: Path) -> dict[str, Any]:
    [path] = (folder / "results").rglob("result.json")
    return json.loads(path.read_text(encoding="utf-8"))


def files(folder: Path) -> list[str]:
    """Every file of a result; a log of an interrupted run beside the last one is no difference."""
    [path] = (folder / "results").rglob("result.json")
    names = (one.relative_to(path.parent).as_posix() for one in path.parent.rglob("*"))
    return sorted(name for name in names if not name.endswith("-2.eval"))


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """What a run leaves that nobody stopped, and its environment, whose endpoint is closed now."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with EndpointServer(scripted_reader) as server:
        env = place(server, folder / "cache")
        done = evalharness(*RUN, "--concurrency", "16", cwd=folder, env=env)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == SAMPLES
    return folder, env


@pytest.fixture
def undisturbed(closed: tuple[Path, dict[str, str]]) -> Path:
    return closed[0]


def started(folder: Path, env: dict[str, str], *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*RUN, "--concurrency", "2", *more),
        cwd=folder,
        env=env,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def journal(folder: Path) -> list[str]:
    """Samples that are finished."""
    lines = [line for path in (folder / "results").rglob("journal/*.jsonl") for line in path.read_bytes().splitlines()]
    return [json.loads(line)["sample"] for line in lines]


def wait_for(what: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    while not what():
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)


def test_killed_while_it_solves(
    tmp_path: Path, server: EndpointServer, questions: dict[str, str], undisturbed: Path
) -> None:
    running = started(tmp_path, place(server, tmp_path / "cache"))
    wait_for(lambda: len(journal(tmp_path)) >= 4, running)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    finished = set(journal(tmp_path))
    assert 4 <= len(finished) < SAMPLES
    assert not list((tmp_path / "results").rglob("result.json"))
    [file] = (tmp_path / "results").rglob("journal/*.jsonl")
    with file.open("ab") as torn:  # as if it had been killed in the middle of a line
        torn.write(file.read_bytes()[:70])

    server.requests.clear()
    # Another cache: that no finished sample is asked for again is the journal's merit alone.
    done = evalharness(*RUN, cwd=tmp_path, env=place(server, tmp_path / "another-cache"))
    assert done.returncode == 0, done.stderr
    assert f"continuing {TASK}: {len(finished)} of {SAMPLES} samples are solved" in done.stderr
    asked = {name: calls(server, text) for name, text in questions.items()}
    assert asked == {name: 0 if name in finished else 1 for name in questions}
    assert canonical(result(tmp_path)) == canonical(result(undisturbed))
    assert result(tmp_path)["execution"]["resumed"] is True
    assert files(tmp_path) == files(undisturbed)


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path, server: EndpointServer, undisturbed: Path) -> None:
    env = place(server, tmp_path / "cache")
    running = started(tmp_path, env)
    wait_for(lambda: len(journal(tmp_path)) >= 2, running)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate()
    assert running.returncode == 130
    assert said.splitlines() == ["error: interrupted; what is finished is kept, the same command continues"]
    assert 2 <= len(journal(tmp_path)) < SAMPLES
    with stage(tmp_path, server) as run:
        done = run.command(*RUN, "--out", str(tmp_path / "results"))
    assert done.code == 0, done.err
    assert canonical(result(tmp_path)) == canonical(result(undisturbed))
    # The log of the first part says that it was cancelled; the second part has its own.
    logs = sorted(path.name for path in (tmp_path / "results").rglob("*.eval"))
    assert logs == ["bridge-2.eval", "bridge.eval"]


def test_two_processes_with_one_command(tmp_path: Path, server: EndpointServer, undisturbed: Path) -> None:
    env = place(server, tmp_path / "cache")
    both = [started(tmp_path, env), started(tmp_path, env)]
    said = [running.communicate()[1] for running in both]
    assert [running.returncode for running in both] == [0, 0], said
    assert len(server.requests) == SAMPLES
    assert sorted("waiting for it" in text for text in said) == [False, True]
    assert sum("already there: " in text for text in said) == 1
    assert canonical(result(tmp_path)) == canonical(result(undisturbed))


@pytest.mark.parametrize("size", [2_000, 20_000], ids=["journal", "log"])
def test_a_full_disk_is_named_and_loses_nothing_that_is_there(tmp_path: Path, undisturbed: Path, size: int) -> None:
    """No file may become larger than that; a scripted model has no cache that could be full first."""
    scripted = [part if part != LLM else "scripted" for part in RUN]

    with stage(tmp_path) as run, limited(size):
        done = run.command(*scripted, "--out", str(tmp_path / "results"))
    assert done.code == 3, done.err
    assert "cannot write" in done.err
    assert "results/sample-mhqa" in done.err
    assert not list((tmp_path / "results").rglob("result.json"))
    finished = journal(tmp_path)
    assert (0 < len(finished) < SAMPLES) == (size < 20_000)
    with stage(tmp_path) as run:
        again = run.command(*scripted, "--out", str(tmp_path / "results"))
    assert again.code == 0, again.err
    assert f"{len(finished)} of {SAMPLES} samples are solved" in again.err
    assert result(tmp_path)["tasks"][TASK]["scores"] == result(undisturbed)["tasks"][TASK]["scores"]


def test_neither_the_same_command_nor_a_warm_cache_needs_the_endpoint(closed: tuple[Path, dict[str, str]]) -> None:
    undisturbed, env = closed
    written = [path for path in (undisturbed / "results").rglob("*") if path.is_file()]
    before = [path.stat().st_mtime_ns for path in written]
    again = evalharness(*RUN, "--json", cwd=undisturbed, env=env)
    assert again.returncode == 0, again.stderr
    assert "already there: results/sample-mhqa/rag" in again.stderr
    assert json.loads(again.stdout)["results"] == [result(undisturbed)]
    assert [path.stat().st_mtime_ns for path in written] == before

    with stage(undisturbed, LOCAL_BASE_URL=env["LOCAL_BASE_URL"]) as run:
        other = run.command(*RUN, "--out", str(undisturbed / "other/results"))
    assert other.code == 0, other.err
    assert canonical(result(undisturbed / "other")) == canonical(result(undisturbed))
    cost = result(undisturbed / "other")["execution"]["cost"]
    assert cost["cached"] == SAMPLES
    assert "calls" not in cost
    [folder] = (undisturbed / "other").rglob("samples")
    assert all(
        step.get("cached", True) for one in samples(folder.parent).values() for step in one["trajectory"]["steps"]
    )
