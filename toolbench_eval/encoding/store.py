"""Vectors on the disk: shards, each a file that is whole or not there.

A shard is 256 bytes of JSON, padded with spaces and closed by a newline; then the SHA-256 of each text, 32 bytes each;
then the vectors, float32 and little-endian, in the same order. Where a text has several rows (see `ragged`), an int64
for each text stands between the two: where its rows end; the header then names the number format of the rows.

A text has one vector for ever, the one that was published first: whoever publishes a shard leaves out what others have
published since, and reads theirs. A folder into which shards of several caches were copied may still hold a text twice;
then the older file counts.

A shard is found broken by its length, by the checksum of all that precedes the vectors when the folder is read, and by
that of the vectors before the first of them is used. It is removed with a note, so that its texts are encoded again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.atomic import atomic_path
from toolbench_eval.encoding.locks import locked, unusable
from toolbench_eval.encoding.ragged import Positions, Ragged, rows_of, spans

Vectors = npt.NDArray[np.float32]

Content = tuple[npt.NDArray[Any], Positions | None]
"""Rows of texts, and where each text's rows end (None where each has one)."""

SUFFIX = ".shard"
DIGEST_BYTES = 32
END_BYTES = 8
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
        ends: Where each text's rows end, None where each has one.
        dtype: Number format of the vectors.
    """

    path: Path
    count: int
    dimension: int
    checksum: str
    verified: bool = False
    ends: Positions | None = None
    dtype: str = "<f4"

    @property
    def offset(self) -> int:
        """Where the vectors begin."""
        return HEADER_BYTES + (DIGEST_BYTES + (0 if self.ends is None else END_BYTES)) * self.count

    @property
    def rows(self) -> int:
        """Number of vectors."""
        return self.count if self.ends is None else int(self.ends.max(initial=0))

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self.offset + np.dtype(self.dtype).itemsize * self.dimension * self.rows

    def vectors(self) -> npt.NDArray[Any]:
        """The vectors, mapped into memory; shape (rows, dimension)."""
        shape = (self.rows, self.dimension)
        if not self.rows:  # nothing can be mapped; the file must be there all the same
            self.path.stat()
            return np.empty(shape, self.dtype)
        return np.memmap(self.path, dtype=self.dtype, mode="r", offset=self.offset, shape=shape)

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
        """Take in shards that were written since, by this or another process, the oldest first.

        Raises:
            StorageError: The folder cannot be read.
        """
        for name in sorted(self._names() - self._shards.keys(), key=self._age):
            self._take_in(name)

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
        dimension = self._shards[self._places[wanted[0]][0]].dimension
        found = np.empty((len(wanted), dimension), dtype=np.float32)
        for name, (targets, rows) in self._by_shard(wanted).items():
            found[targets] = self._shards[name].vectors()[rows]
        return found

    def read_ragged(self, wanted: Sequence[bytes]) -> Ragged:
        """The rows of texts that are all there, and were written as ragged.

        Args:
            wanted: Digests, at least one.
        """
        places = self._by_shard(wanted)
        lengths = np.empty(len(wanted), dtype=np.int64)
        for name, (targets, texts) in places.items():
            lengths[targets] = np.diff(_ends(self._shards[name]), prepend=0)[texts]
        starts = np.cumsum(lengths) - lengths
        first = self._shards[next(iter(places))]
        found = np.empty((int(lengths.sum()), first.dimension), dtype=first.dtype)
        for name, (targets, texts) in places.items():
            shard, counts = self._shards[name], lengths[targets]
            found[spans(starts[targets], counts)] = shard.vectors()[spans(_ends(shard)[texts] - counts, counts)]
        return Ragged(found, lengths)

    def _by_shard(self, wanted: Sequence[bytes]) -> dict[str, tuple[list[int], list[int]]]:
        """For each shard: positions in `wanted`, and which of the shard's texts these are."""
        places: dict[str, tuple[list[int], list[int]]] = {}
        for at, key in enumerate(wanted):
            name, row = self._places[key]
            targets, rows = places.setdefault(name, ([], []))
            targets.append(at)
            rows.append(row)
        return places

    def write(self, name: str, digests: Sequence[bytes], vectors: Vectors) -> None:
        """Add a shard; it is durable when this returns. A text that has a vector by now keeps that one.

        Args:
            name: Its name, the same for the same texts in the same batches (see `plans.Plan`); where texts are left
                out, it gets another.
            digests: SHA-256 of each text.
            vectors: float32, shape (len(digests), dimension).

        Raises:
            StorageError: The disk is full, read-only or broken; no part of the shard is left.
        """
        content = np.ascontiguousarray(vectors, dtype="<f4")
        self._publish(name, digests, lambda texts: (content[texts], None))

    def write_ragged(self, name: str, digests: Sequence[bytes], ragged: Ragged) -> None:
        """Add a shard of texts with any number of rows each, in the number format that they have.

        Args:
            name: As for `write`.
            digests: SHA-256 of each text.
            ragged: Their rows.

        Raises:
            StorageError: As for `write`.
        """

        def chosen(texts: list[int]) -> Content:
            part = rows_of(ragged, texts)
            rows = np.ascontiguousarray(part.rows, dtype=part.rows.dtype.newbyteorder("<"))
            return rows, np.cumsum(part.lengths, dtype=np.int64)

        self._publish(name, digests, chosen)

    def _publish(self, name: str, digests: Sequence[bytes], chosen: Callable[[list[int]], Content]) -> None:
        """Write those of a shard's texts that nobody has published yet."""
        with self.writing():
            self.refresh()
            lacking = set(self.missing(digests))
            left = [at for at, key in enumerate(digests) if key in lacking]
            if left:
                kept = [digests[at] for at in left]
                self._write(name if len(kept) == len(digests) else _part(name, kept), kept, *chosen(left))

    def _write(self, name: str, digests: Sequence[bytes], content: npt.NDArray[Any], ends: Positions | None) -> None:
        table = b"".join(digests) + (b"" if ends is None else ends.astype("<i8").tobytes())
        header: dict[str, Any] = {
            "version": 1,
            "count": len(digests),
            "dimension": content.shape[1],
            "digests": hashlib.sha256(table).hexdigest(),
            "vectors": hashlib.sha256(content.data).hexdigest(),
        }
        if ends is not None:
            header["rows"] = content.dtype.str
        with atomic_path(self._path(name)) as temporary, temporary.open("wb") as file:
            file.write(json.dumps(header).encode().ljust(HEADER_BYTES - 1) + b"\n")
            file.write(table)
            file.write(content.data)
        shard = Shard(
            self._path(name), len(digests), content.shape[1], header["vectors"], True, ends, content.dtype.str
        )
        self._add(name, shard, digests)

    def writing(self) -> AbstractContextManager[None]:
        """Keeps other processes from writing in this folder; held for milliseconds."""
        return locked(self.folder / LOCK)

    def _names(self) -> set[str]:
        try:
            return {path.stem for path in self.folder.iterdir() if path.suffix == SUFFIX}
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise unusable(self.folder, error) from error

    def _age(self, name: str) -> tuple[int, str]:
        """Orders shards as they were published; the name decides between files of one moment."""
        try:
            return self._path(name).stat().st_mtime_ns, name
        except OSError:  # gone since: nothing is taken in
            return 0, name

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
        shard = Shard(path, header["count"], header["dimension"], header["vectors"], dtype=header.get("rows", "<f4"))
        table = file.read(DIGEST_BYTES * shard.count)
        digests = [table[at : at + DIGEST_BYTES] for at in range(0, len(table), DIGEST_BYTES)]
        if "rows" in header:
            ends = file.read(END_BYTES * shard.count)
            table, shard.ends = table + ends, np.frombuffer(ends, dtype="<i8")
    if path.stat().st_size != shard.size or hashlib.sha256(table).hexdigest() != header["digests"]:
        raise ValueError(path)
    return shard, digests


def _part(name: str, digests: Sequence[bytes]) -> str:
    """Name of what is left of a shard: no shard in the folder that is intact has it, for that would have the texts."""
    return hashlib.sha256(name.encode() + b"".join(digests)).hexdigest()[:32]


def _ends(shard: Shard) -> Positions:
    """Where each text's rows end."""
    return np.arange(1, shard.count + 1) if shard.ends is None else shard.ends
