"""Known ways out of sandboxes: none reads, writes, connects, or harms the host."""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.sandbox import ProgramLimits, Sandbox

ESCAPES = tomllib.loads((Path(__file__).parent / "escapes.toml").read_text())["escape"]
SECRET = "c4nary-5ecret-71"
BOUNDS = ProgramLimits(seconds=0.25, total=5.0, memory=20_000_000, output=20_000, calls=20)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    before = os.environ.get("CANARY")
    os.environ["CANARY"] = SECRET  # before the workers start, so that they inherit it
    with Sandbox(BOUNDS) as pool:
        yield pool
    del os.environ["CANARY"]
    assert before is None


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_there_are_many_and_each_has_its_own_name() -> None:
    assert len({one["name"] for one in ESCAPES}) == len(ESCAPES) >= 60


@pytest.mark.parametrize("escape", ESCAPES, ids=[one["name"] for one in ESCAPES])
def test_it_fails_without_effect(
    escape: dict[str, str], sandbox: Sandbox, listener: socket.socket, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    canary.write_text(SECRET)
    noted: list[str] = []

    def note(text: str) -> str:
        noted.append(text)
        return "noted"

    program = (
        escape["program"]
        .replace("CANARY_FILE", str(canary))
        .replace("CANARY_FOLDER", str(tmp_path))
        .replace("PORT", str(listener.getsockname()[1]))
    )
    outcome = sandbox.run(program, FunctionEnvironment([note]))

    told = f"{outcome.stdout} {outcome.error} {outcome.calls} {noted}"
    assert "ESCAPED" not in outcome.stdout
    assert SECRET not in told
    assert len(outcome.stdout) <= BOUNDS.output
    assert len(outcome.calls) <= BOUNDS.calls
    assert canary.read_text() == SECRET
    assert list(tmp_path.iterdir()) == [canary]
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert sandbox.run("print(1 + 1)").stdout == "2\n"


def test_the_tricks_work_outside_the_sandbox(tmp_path: Path) -> None:
    """The canaries are alive: what the programs look for is there for a program that is not held back."""
    import subprocess
    import sys

    canary = tmp_path / "canary"
    canary.write_text(SECRET)
    program = f"import os\nprint(open({str(canary)!r}).read(), os.environ['CANARY'])"
    found = subprocess.run(
        [sys.executable, "-c", program], env={"CANARY": SECRET}, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [SECRET, SECRET]
