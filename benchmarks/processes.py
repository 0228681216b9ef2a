"""Whole commands under the clock: the contestants take turns, and every run is a process of its own."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EVALHARNESS = [sys.executable, "-m", "toolbench_eval"]


@dataclass(frozen=True)
class Finished:
    """A process that ended well.

    Attributes:
        seconds: From its start to its end.
        cpu: Seconds of processor time, of user and system.
        peak_bytes: Its largest resident size.
        output: What it wrote to its standard output.
    """

    seconds: float
    cpu: float
    peak_bytes: int
    output: str


def run(command: Sequence[str]) -> Finished:
    """Run a command and wait for it; ends the benchmark with its messages if it fails."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as messages:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        messages.seek(0)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} left with {process.returncode}:\n{messages.read()}")
        return Finished(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output.read())


def take_turns(contestants: Mapping[str, Callable[[], Finished]], runs: int) -> dict[str, list[Finished]]:
    """Every contestant once to warm the disk's cache, then in turns A B A B."""
    for contestant in contestants.values():
        contestant()
    finished: dict[str, list[Finished]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, contestant in contestants.items():
            finished[name].append(contestant())
    return finished


def interpreter_with(module: str, candidates: Iterable[str]) -> str | None:
    """The first interpreter that can import a module, ours first; says so where there is none."""
    question = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"
    for python in (sys.executable, *candidates):
        if subprocess.run([python, "-c", question], check=False).returncode == 0:
            return python
    print(f"{module}: not installed in any interpreter given, left out")
    return None


def options(text: str | None, runs: int = 5) -> argparse.ArgumentParser:
    """The options that all benchmarks of whole commands have."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=runs, help="counted runs of each contestant")
    parser.add_argument(
        "--peer-python", action="append", default=[], metavar="PATH", help="an interpreter with peers (repeatable)"
    )
    return parser


def shared_data() -> Path | None:
    """The folder of real data: named by EVALHARNESS_SHARED, or `shared` beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("EVALHARNESS_SHARED", beside)) / "data" / "hub"
    return folder if folder.is_dir() else None


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def paired(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """The median of ours / theirs, turn by turn."""
    return middle(own / other for own, other in zip(ours, theirs, strict=True))


def table(rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns, numbers to the right."""
    texts = [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        numbers = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *numbers]).rstrip())
