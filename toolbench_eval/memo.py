"""Values that are dear to compute, kept on the disk by a hash of everything they depend on.

One SQLite file holds pairs of a key and a value. A value is written once and never changed, so a kill loses at most
what was not written yet, and two processes that share a file see each other's values.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from toolbench_eval.errors import StorageError

_T = TypeVar("_T")

_ASKED_AT_ONCE = 500
"""Keys in one query; SQLite allows at least 999 parameters."""
_PATIENCE = 60.0
"""Seconds that a process waits for another one to finish its write."""


def key_of(*parts: object) -> bytes:
    """SHA-256 of parts that are JSON values; no two different lists of parts give the same bytes to hash."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


class Memo:
    """Bytes by key in one file; made when it is first used. Safe for threads and for several processes."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that have one.

        Raises:
            StorageError: The file cannot be read.
        """
        wanted = list(dict.fromkeys(keys))
        found: dict[bytes, bytes] = {}
        for start in range(0, len(wanted), _ASKED_AT_ONCE):
            some = wanted[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            found |= self._do(
                lambda connection, some=some, marks=marks: dict(  # type: ignore[misc]
                    connection.execute(f"SELECT key, value FROM memo WHERE key IN ({marks})", some)  # noqa: S608
                )
            )
        return found

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Keep values, all of them or none; a key that has a value already keeps it.

        Raises:
            StorageError: The disk is full, read-only or broken.
        """
        self._do(lambda connection: connection.executemany("INSERT OR IGNORE INTO memo VALUES (?, ?)", values.items()))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            try:
                with self._open() as connection:
                    return work(connection)
            except sqlite3.OperationalError as error:
                raise StorageError(f"cannot use the cache {self.path}: {error}") from error
            except sqlite3.DatabaseError as error:
                raise StorageError(
                    f"the cache {self.path} is damaged ({error}); delete it, what it held is computed again"
                ) from error
            except OSError as error:
                raise StorageError(f"cannot make the cache {self.path}: {error.strerror or error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = _connected(self.path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                self._set_aside(error)
                self._connection = _connected(self.path)
        return self._connection

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Give a file that is no database another name: a cache is no reason to stop."""
        broken = self.path.with_name(f"{self.path.name}.broken")
        logging.getLogger("toolbench_eval").warning("%s is no cache (%s); it is now %s", self.path, error, broken)
        self.path.replace(broken)
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
    try:
        # A write-ahead log lets one process read while another writes, and is whole after a kill at any moment.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE IF NOT EXISTS memo (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        connection.commit()
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
