"""Keeping other processes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from toolbench_eval.errors import StorageError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, made where it is not there; waits for the process that holds it.

    Raises:
        StorageError: The folder cannot be written.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise unusable(path.parent, error) from error
    try:
        yield
    finally:
        lock.release()


def unusable(path: Path, error: OSError) -> StorageError:
    """The error for a cache that cannot be read or written."""
    reason = error.strerror or error
    return StorageError(f"cannot use the cache of vectors, {path}: {reason}. Set EVALHARNESS_CACHE to another folder")
