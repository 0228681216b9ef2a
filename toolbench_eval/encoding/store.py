"""Vectors on the disk: shards, each a file that is whole or not there.

A shard is 256 bytes of JSON, padded with spaces and closed by a newline; then the SHA-256 of each text, 32 bytes each;
then the vectors, float32 and little-endian, in the same order. It is found broken by its length, by the checksum of the
digests when the folder is read, and by that of the vectors before the first of them is used. A broken shard is removed
with a note, so that its texts are encoded again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolbench_eval.atomic import atomic_path
from toolbench_eval.encoding.locks import locked, unusable

Vectors = npt.NDArray[np.float32]

SUFFIX = ".shard"
DIGEST_BYTES = 32
HEADER_BYTES = 256
LOCK = ".lock"

_log = logging.getLogger("toolbench_eval")


def digest(text: str) -> bytes:
    """Identity of a text."""
    return hashlib.sha256(text.encode()).digest()


@dataclass
class Shard:
    """A shard whose digests are known.

    Attributes:
        path: The file.
        count: Number of texts.
        dimension: Width of a vector.
        checksum: SHA-256 of the vectors, hexadecimal.
        verified: Whether the vectors have been compared with it.
    """

    path: Path
    count: int
    dimension: int
    checksum: str
    verified: bool = False

    @property
    def offset(self) -> int:
        """Where the vectors begin."""
        return HEADER_BYTES + DIGEST_BYTES * self.count

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self.offset + 4 * self.dimension * self.count

    def vectors(self) -> Vectors:
        """The vectors, mapped into memory; float32, shape (count, dimension)."""
        shape = (self.count, self.dimension)
        return np.memmap(self.path, dtype="<f4", mode="r", offset=self.offset, shape=shape)

    def intact(self) -> bool:
        """Whether the vectors are those that were written."""
        if not self.verified:
            self.verified = hashlib.sha256(self.vectors().data).hexdigest() == self.checksum
        return self.verified


class ShardStore:
    """All vectors of one space: text digest -> vector."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when the first shard is written."""
        self.folder = folder
        self._shards: dict[str, Shard] = {}
        self._places: dict[bytes, tuple[str, int]] = {}

    def refresh(self) -> None:
        """Take in shards that were written since, by this or another process.

        Raises:
            StorageError: The folder cannot be read.
        """
        for name in sorted(self._names() - self._shards.keys()):
            self._take_in(name)

    def has_shard(self, name: str) -> bool:
        """Whether the shard of this name is there and has not been found broken."""
        return name in self._shards and self._check(name)

    def missing(self, wanted: Iterable[bytes]) -> list[bytes]:
        """The digests without an intact vector, each once, in the order given."""
        distinct = list(dict.fromkeys(wanted))
        for name in {self._places[key][0] for key in distinct if key in self._places}:
            self._check(name)
        return [key for key in distinct if key not in self._places]

    def read(self, wanted: Sequence[bytes]) -> Vectors:
        """The vectors of texts that are all there.

        Returns:
            float32, shape (len(wanted), dimension); (0, 0) if nothing is wanted.
        """
        if not wanted:
            return np.empty((0, 0), dtype=np.float32)
        rows_of: dict[str, tuple[list[int], list[int]]] = {}
        for at, key in enumerate(wanted):
            name, row = self._places[key]
            targets, rows = rows_of.setdefault(name, ([], []))
            targets.append(at)
            rows.append(row)
        dimension = self._shards[self._places[wanted[0]][0]].dimension
        found = np.empty((len(wanted), dimension), dtype=np.float32)
        for name, (targets, rows) in rows_of.items():
            found[targets] = self._shards[name].vectors()[rows]
        return found

    def write(self, name: str, digests: Sequence[bytes], vectors: Vectors) -> None:
        """Add a shard; it is durable when this returns.

        Args:
            name: Its name, the same for the same texts in the same batches (see `plans.Plan`).
            digests: SHA-256 of each text.
            vectors: float32, shape (len(digests), dimension).

        Raises:
            StorageError: The disk is full, read-only or broken; no part of the shard is left.
        """
        table, content = b"".join(digests), np.ascontiguousarray(vectors, dtype="<f4")
        header = {
            "version": 1,
            "count": len(digests),
            "dimension": content.shape[1],
            "digests": hashlib.sha256(table).hexdigest(),
            "vectors": hashlib.sha256(content.data).hexdigest(),
        }
        with self.writing(), atomic_path(self._path(name)) as temporary, temporary.open("wb") as file:
            file.write(json.dumps(header).encode().ljust(HEADER_BYTES - 1) + b"\n")
            file.write(table)
            file.write(content.data)
        self._add(name, Shard(self._path(name), len(digests), content.shape[1], header["vectors"], True), digests)

    def writing(self) -> AbstractContextManager[None]:
        """Keeps other processes from writing in this folder; held for milliseconds."""
        return locked(self.folder / LOCK)

    def sweep(self) -> None:
        """Remove the half-written files of processes that were killed."""
        with self.writing():
            # Whoever writes holds the lock, so what is unfinished now will never be finished.
            for left in self.folder.glob(f".*{SUFFIX}.*"):
                left.unlink(missing_ok=True)

    def _names(self) -> set[str]:
        try:
            return {path.stem for path in self.folder.iterdir() if path.suffix == SUFFIX}
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise unusable(self.folder, error) from error

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{SUFFIX}"

    def _take_in(self, name: str) -> None:
        path = self._path(name)
        try:
            shard, digests = _opened(path)
        except (ValueError, KeyError, TypeError):
            self._drop(name, path)
        except FileNotFoundError:  # another process found it broken
            return
        except OSError as error:
            raise unusable(path, error) from error
        else:
            self._add(name, shard, digests)

    def _add(self, name: str, shard: Shard, digests: Sequence[bytes]) -> None:
        self._shards[name] = shard
        for row, key in enumerate(digests):
            self._places.setdefault(key, (name, row))

    def _check(self, name: str) -> bool:
        shard = self._shards[name]
        try:
            intact = shard.intact()
        except (OSError, ValueError):  # gone, or shorter than when it was taken in
            intact = False
        if not intact:
            self._drop(name, shard.path)
        return intact

    def _drop(self, name: str, path: Path) -> None:
        """Forget a broken shard and remove it."""
        _log.warning("the cached vectors in %s are damaged; they are computed again", path)
        self._shards.pop(name, None)
        self._places = {key: place for key, place in self._places.items() if place[0] != name}
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(path, error) from error


def _opened(path: Path) -> tuple[Shard, list[bytes]]:
    """A shard and its digests.

    Raises:
        ValueError: The file is not a whole shard (as KeyError and TypeError are).
    """
    with path.open("rb") as file:
        header = json.loads(file.read(HEADER_BYTES))
        shard = Shard(path, header["count"], header["dimension"], header["vectors"])
        table = file.read(DIGEST_BYTES * shard.count)
    if path.stat().st_size != shard.size or hashlib.sha256(table).hexdigest() != header["digests"]:
        raise ValueError(path)
    return shard, [table[at : at + DIGEST_BYTES] for at in range(0, len(table), DIGEST_BYTES)]
