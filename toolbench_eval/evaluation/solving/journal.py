"""What is solved already: a line for each finished sample, so that a killed run repeats none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.agents.trajectory import StopReason, Trajectory, from_json
from toolbench_eval.errors import DataError, StorageError


@dataclass(frozen=True)
class Entry:
    """Where a trajectory stands in the file, and whether it may be kept.

    Attributes:
        offset: First byte of its line.
        length: Bytes of its line.
        failed: Whether no answer came.
        stop_reason: Why it ended.
    """

    offset: int
    length: int
    failed: bool
    stop_reason: StopReason


class Journal:
    """The trajectories of one task, read one at a time; safe for threads."""

    def __init__(self, path: Path) -> None:
        """Look at what an earlier run left; a line that a kill cut off is dropped.

        Raises:
            StorageError: The file cannot be read or written.
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
        return {name for name, entry in self.entries.items() if entry.stop_reason not in {"error", "budget"}}

    def add(self, trajectory: Trajectory) -> None:
        """Append a trajectory; it replaces an earlier one of the same sample.

        Raises:
            StorageError: The disk failed.
        """
        line = json.dumps(trajectory.to_json(), separators=(",", ":")).encode() + b"\n"
        try:
            with self._lock:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("ab") as file:
                    file.write(line)
                self._note(trajectory, len(line))
        except OSError as error:
            raise StorageError(f"cannot write {self.path}: {error.strerror}. Finished samples are kept") from error

    def get(self, sample: str) -> Trajectory:
        """The trajectory of a sample that is there."""
        entry = self.entries[sample]
        with self.path.open("rb") as file:
            file.seek(entry.offset)
            return from_json(json.loads(file.read(entry.length)))

    def _scan(self) -> None:
        for line in _whole_lines(self.path):
            try:
                self._note(from_json(json.loads(line)), len(line))
            except (ValueError, DataError):
                self._size += len(line)
        with self.path.open("r+b") as file:
            file.truncate(self._size)

    def _note(self, trajectory: Trajectory, length: int) -> None:
        entry = Entry(self._size, length, trajectory.failed, trajectory.stop_reason)
        self.entries[trajectory.sample] = entry
        self._size += length


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line
