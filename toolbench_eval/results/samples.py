"""The samples of an agent's task as JSON lines: trajectory and gold, all that its scores are computed from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from toolbench_eval.atomic import atomic_path
from toolbench_eval.errors import DataError, MissingDataError

LONGEST_LINE = 2**27
"""Bytes of the longest line that is read: the most that models may write for a sample, escaped and told four times."""

PACKED = 2**12
"""Bytes that are unpacked at a time: whatever they hold, it fits into memory."""


def write_samples(path: Path, samples: Iterable[Mapping[str, Any]]) -> None:
    """Write samples, one at a time.

    Raises:
        StorageError: The disk failed.
    """
    with (
        atomic_path(path, durable=False) as temporary,
        temporary.open("wb") as raw,
        zstandard.ZstdCompressor(level=6).stream_writer(raw) as file,
    ):
        for sample in samples:
            file.write(json.dumps(sample, separators=(",", ":")).encode() + b"\n")


def read_samples(path: Path, *, longest: int | None = None, size: int | None = None) -> Iterator[dict[str, Any]]:
    """The samples of a file, one at a time.

    Args:
        path: The file.
        longest: Bytes of the longest line that is read, None for `LONGEST_LINE`.
        size: Bytes that the file may unpack to, None for any number.

    Raises:
        MissingDataError: There is no such file.
        DataError: It holds something else, or more.
    """
    try:
        with path.open("rb") as raw:
            content = _bounded(_unpacked(raw, path), path, size)
            for number, line in enumerate(_lines(content, path, longest or LONGEST_LINE), start=1):
                yield _object(line, path, number)
    except FileNotFoundError:
        raise MissingDataError("there is no such file", file=path) from None
    except zstandard.ZstdError as error:
        raise DataError(f"not a zstd file: {error}", file=path) from None


class ContentDigest:
    """SHA-256 of the content of trajectories, in order, without times."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, canonical: Mapping[str, Any]) -> None:
        """Take in the next trajectory's canonical part."""
        self._hash.update(json.dumps(canonical, sort_keys=True, separators=(",", ":")).encode() + b"\n")

    @property
    def value(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


def _unpacked(raw: BinaryIO, path: Path) -> Iterator[bytes]:
    """The content, piece by piece; a stream reader of the library would take a file that is cut off for a whole one."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    while packed := raw.read(PACKED):
        yield frame.decompress(packed)
        if frame.unused_data:
            raise DataError("not a zstd file: something follows its end", file=path)
    if not frame.eof:
        raise DataError("the file is cut off", file=path)


def _bounded(content: Iterable[bytes], path: Path, most: int | None) -> Iterator[bytes]:
    size = 0
    for piece in content:
        size += len(piece)
        if most is not None and size > most:
            raise DataError(f"unpacks to more than {most} bytes", file=path)
        yield piece


def _lines(content: Iterable[bytes], path: Path, longest: int) -> Iterator[bytes]:
    begun: list[bytes] = []
    size = 0
    for piece in content:
        first, *others = piece.split(b"\n")
        begun.append(first)
        if others:
            yield b"".join(begun)
            yield from others[:-1]
            begun, size = [others[-1]], 0
        size += len(begun[-1])
        if size > longest:
            raise DataError(f"a line is longer than {longest} bytes", file=path)
    if any(begun):
        raise DataError("the last line is cut off", file=path)


def _object(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=path, row=number) from None
    if not isinstance(value, dict):
        raise DataError("not an object", file=path, row=number)
    return value
