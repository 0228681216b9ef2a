"""The file of samples while it grows: a line for each finished question, so that a killed run repeats none.

`FILE.partial` grows question by question. When all are there, `FILE` is written at once, in the order of the task, and
`FILE.meta.json` says what made it. Questions of which a draw failed are tried again by the same command.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from toolbench_eval.atomic import atomic_path, write_text
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import StorageError, UsageError

Line = dict[str, Any]


class Ledger:
    """The samples of one command; safe for threads, closed to other processes."""

    def __init__(self, out: Path, setting: Mapping[str, Any]) -> None:
        """Name the file; nothing is read or made yet.

        Args:
            out: Where the samples go.
            setting: All that decides them, as JSON values.
        """
        self.out = out
        self.meta = out.with_name(f"{out.name}.meta.json")
        self.partial = out.with_name(f"{out.name}.partial")
        self._setting = json.loads(json.dumps(setting))
        self._places: dict[str, tuple[int, int]] = {}
        self._records: dict[str, Line] = {}
        self._size = 0
        self._lock = threading.Lock()

    @contextmanager
    def opened(self) -> Iterator[Ledger]:
        """Look at what earlier runs left, and keep other processes out.

        Raises:
            UsageError: The file holds samples of another setting, or something else; or another process writes it.
            StorageError: The disk failed.
        """
        lock = FileLock(self.out.with_name(f".{self.out.name}.lock"))
        try:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(f"another process is writing {self.out}: wait for it, or name another --out") from None
        except OSError as error:
            raise StorageError(f"cannot write in {self.out.parent}: {error.strerror}") from error
        try:
            self._look()
            yield self
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()

    @property
    def finished(self) -> Line | None:
        """What the finished file's summary says, None where there is still something to do."""
        if self.partial.is_file() or not self.out.is_file():
            return None
        summary: Line = _read_json(self.meta)["summary"]
        return summary

    def done(self, key: str, question: Question) -> bool:
        """Whether a question needs no further work: it is the same as then, and no draw of it failed."""
        record = self._records.get(key)
        return record is not None and not record["errors"] and record["digest"] == digest(question)

    def add(self, key: str, question: Question, record: Line, lines: Sequence[Line]) -> None:
        """Append a question; it replaces an earlier one of the same key.

        Raises:
            StorageError: The disk failed.
        """
        record = {**record, "digest": digest(question)}
        written = _packed({"key": key, "record": record, "lines": lines})
        with self._lock:
            self._append(written)
            self._note(key, record, len(written))

    def records(self, keys: Sequence[str]) -> list[Line]:
        """What came of these questions."""
        return [self._records[key] for key in keys]

    def finish(self, keys: Sequence[str], summary: Line) -> None:
        """Write the file in this order; what failed stays open for the next run.

        Raises:
            StorageError: The disk failed; finished questions are kept.
        """
        with atomic_path(self.out) as temporary, temporary.open("wb") as file:
            for key in keys:
                for line in self._lines(key):
                    file.write(_packed(line))
        write_text(self.meta, json.dumps({"setting": self._setting, "summary": summary}, indent=1) + "\n")
        if not any(self._records[key]["errors"] for key in keys):
            self.partial.unlink(missing_ok=True)

    def _look(self) -> None:
        """Read what is there; a line that a kill cut off is dropped."""
        if not self.partial.is_file():
            if self.out.is_file():
                self._check(_read_json(self.meta).get("setting") if self.meta.is_file() else None)
                return
            self._start()
            return
        with self.partial.open("rb") as file:
            entries = _entries(file)
            first = next(entries, None)
            if first is None:  # killed while it was begun
                self._start()
                return
            self._check(first[0].get("setting"))
            self._size = first[1]
            for entry, length in entries:
                self._note(entry["key"], entry["record"], length)
        with self.partial.open("r+b") as file:
            file.truncate(self._size)

    def _start(self) -> None:
        self.partial.unlink(missing_ok=True)
        first = _packed({"setting": self._setting})
        self._append(first)
        self._size = len(first)

    def _check(self, found: Any) -> None:
        if not isinstance(found, dict):
            raise UsageError(
                f"{self.out} is there already, and not from this command: name another --out, or delete it"
            )
        differing = sorted(name for name in {*found, *self._setting} if found.get(name) != self._setting.get(name))
        if differing:
            raise UsageError(
                f"{self.out} holds samples of another setting ({', '.join(differing)} differ): name another --out, or "
                f"delete it with {self.meta.name} and {self.partial.name}"
            )

    def _append(self, written: bytes) -> None:
        try:
            with self.partial.open("ab") as file:
                file.write(written)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"cannot write {self.partial}: {error.strerror}. Finished questions are kept") from error

    def _note(self, key: str, record: Line, length: int) -> None:
        self._places[key], self._records[key] = (self._size, length), record
        self._size += length

    def _lines(self, key: str) -> list[Line]:
        offset, length = self._places[key]
        with self.partial.open("rb") as file:
            file.seek(offset)
            lines: list[Line] = json.loads(file.read(length))["lines"]
        return lines


def digest(question: Question) -> str:
    """Short SHA-256 of a question with everything gold."""
    return hashlib.sha256(json.dumps(asdict(question), sort_keys=True, default=str).encode()).hexdigest()[:16]


def _packed(values: Line) -> bytes:
    return json.dumps(values, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _entries(file: BinaryIO) -> Iterator[tuple[Line, int]]:
    """The whole lines of a file with their lengths, up to the first that is none."""
    for line in file:
        if not line.endswith(b"\n"):
            return
        try:
            yield json.loads(line), len(line)
        except ValueError:
            return


def _read_json(path: Path) -> Line:
    try:
        values: Line = json.loads(path.read_text(encoding="utf-8"))
        return values
    except (OSError, ValueError):
        return {}
