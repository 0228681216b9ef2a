"""Values that are dear to compute, kept on the disk by a hash of everything they depend on.

One SQLite file holds pairs of a key and a value. A value is written once and never changed, so a kill loses at most
what was not written yet, and two processes that share a file see each other's values. A file that is damaged is set
aside with a warning, and another one begun.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from toolbench_eval.errors import StorageError

_log = logging.getLogger("toolbench_eval")

_T = TypeVar("_T")

_ASKED_AT_ONCE = 500
"""Keys in one query; SQLite allows at least 999 parameters."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""Codes of a file that is none of ours. An error in a statement is one too: the statements are right, so it is the
file's own description of its tables that is not."""
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
        return self._do(lambda connection: _found(connection, wanted)) if wanted else {}

    def put(self, values: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """Keep values, all of them or none; a key that has a value already keeps it.

        Returns:
            What is kept now: of a key that another process was faster with, the value of that one.

        Raises:
            StorageError: The disk is full, read-only or broken.
        """

        def keep(connection: sqlite3.Connection) -> dict[bytes, bytes]:
            connection.executemany("INSERT OR IGNORE INTO memo VALUES (?, ?)", values.items())
            return _found(connection, list(values))

        return {**values, **self._do(keep)} if values else {}

    def forget(self, keys: Iterable[bytes]) -> None:
        """Remove values that cannot be used, so that others can take their place.

        Raises:
            StorageError: As for `put`.
        """
        unusable = [(key,) for key in keys]
        if unusable:
            self._do(lambda connection: connection.executemany("DELETE FROM memo WHERE key = ?", unusable))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            try:
                try:
                    return self._done(work)
                except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                    if not _is_damage(error):
                        raise
                    self._set_aside(error)
                    return self._done(work)
            except sqlite3.DatabaseError as error:
                raise StorageError(f"cannot use the cache {self.path}: {error}") from error
            except OSError as error:
                raise StorageError(f"cannot make the cache {self.path}: {error.strerror or error}") from error

    def _done(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._open() as connection:
            return work(connection)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connected(self.path)
        return self._connection

    def _set_aside(self, error: Exception) -> None:
        """Give a damaged file another name: a cache is no reason to stop."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        broken = self.path.with_name(f"{self.path.name}.broken")
        _log.warning("%s is no cache (%s); it is now %s", self.path, error, broken)
        with suppress(FileNotFoundError):  # another process was faster
            self.path.replace(broken)
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)


def _found(connection: sqlite3.Connection, wanted: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for start in range(0, len(wanted), _ASKED_AT_ONCE):
        some = wanted[start : start + _ASKED_AT_ONCE]
        marks = ",".join("?" * len(some))
        found |= dict(connection.execute(f"SELECT key, value FROM memo WHERE key IN ({marks})", some))  # noqa: S608
    return {key: value for key, value in found.items() if isinstance(value, bytes)}


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
    connection.text_factory = bytes
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


def _is_damage(error: Exception) -> bool:
    """Whether the file's content is at fault, and neither the disk nor this program."""
    if isinstance(error, UnicodeDecodeError):  # SQLite's message quotes the file
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ)
