"""What is solved already: a line for each finished sample, so that a killed run repeats none."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.agents.trajectory import StopReason, Trajectory, from_json
from toolbench_eval.errors import DataError, StorageError

TRIED_AGAIN: frozenset[StopReason] = frozenset({"error", "budget"})
"""Ends of samples that another run tries again: an endpoint heals, a budget is raised. What a model said stands."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a trajectory stands in the file, and whether it may be kept.

    Attributes:
        offset: First byte of its line.
        length: Bytes of its line.
        stop_reason: Why it ended.
    """

    offset: int
    length: int
    stop_reason: StopReason


class Journal:
    """The trajectories of one task, read one at a time; safe for threads, and for one process at a time."""

    def __init__(self, path: Path) -> None:
        """Look at what an earlier run left; nothing is written, and a line that a kill cut off does not count.

        Raises:
            StorageError: The file cannot be read.
        """
        self.path = path
        self.entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._size = 0
        try:
            if path.is_file():
                self._scan()
        except OSError as error:
            raise StorageError(f"cannot use {path}: {error.strerror}") from error

    @property
    def solved(self) -> set[str]:
        """Samples that need not be solved again: errors of endpoints and exhausted budgets do not count."""
        return {name for name, entry in self.entries.items() if entry.stop_reason not in TRIED_AGAIN}

    def add(self, trajectory: Trajectory) -> None:
        """Append a trajectory; it replaces an earlier one of the same sample.

        Raises:
            StorageError: The disk failed.
        """
        line = json.dumps(trajectory.to_json(), separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("ab") as file:
                    if file.tell() > self._size:
                        file.truncate(self._size)
                    file.write(line)
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.truncate(self.path, self._size)
                raise StorageError(f"cannot write {self.path}: {error.strerror}. Finished samples are kept") from error
            self._note(trajectory, len(line))

    def get(self, sample: str) -> Trajectory:
        """The trajectory of a sample that is there.

        Raises:
            StorageError: The file cannot be read.
        """
        entry = self.entries[sample]
        try:
            with self.path.open("rb") as file:
                file.seek(entry.offset)
                return from_json(json.loads(file.read(entry.length)))
        except OSError as error:
            raise StorageError(f"cannot use {self.path}: {error.strerror}") from error

    def _scan(self) -> None:
        for line in _whole_lines(self.path):
            try:
                self._note(from_json(json.loads(line)), len(line))
            except (ValueError, TypeError, RecursionError, DataError):
                self._size += len(line)

    def _note(self, trajectory: Trajectory, length: int) -> None:
        self.entries[trajectory.sample] = Entry(self._size, length, trajectory.stop_reason)
        self._size += length


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line
