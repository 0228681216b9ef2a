"""Records of a file, one at a time, whatever its format; nested values stay as they are.

`read_table` makes every column flat and holds all of a file at once. The training files of question answering have
hundreds of thousands of records with ten paragraphs each, so here a list is decoded record by record.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from toolbench_eval.data.files import is_data_file, kind_of, read_table
from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.errors import DataError, MissingDataError, StorageError

CHUNK = 1 << 20
"""Bytes that are read at once."""

ROWS = 256
"""Rows of Parquet that are decoded at once."""

_BLANK = " \t\r\n"
_DECODER = json.JSONDecoder()


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file: JSON, JSONL, CSV, TSV, Parquet; the text formats also with ``.gz`` or ``.zst``.

    A ``.json`` file holds a list, one object a line, or one object with the records by id.

    Raises:
        MissingDataError: There is no such file.
        DataError: The file is not what its name says, or a record is no object.
        StorageError: It cannot be read.
    """
    if kind_of(path.name)[0] in (".csv", ".tsv"):
        for record in table_records(read_table(path), str(path)):
            yield replace(record, row=record.row + 1)  # the header is row 1
        return
    for row, value in read_values(path):
        if not isinstance(value, dict):
            raise DataError(f"must be an object, found {described(value)}", file=path, row=row)
        yield Record(value, str(path), row)


def table_records(table: pa.Table, file: str) -> Iterator[Record]:
    """The records of a table that was read already."""
    for start in range(0, len(table), ROWS):
        for at, values in enumerate(table.slice(start, ROWS).to_pylist(), start=start + 1):
            yield Record(values, file, at, flat=True)


def read_values(path: Path) -> Iterator[tuple[int, Any]]:
    """The values of a JSON, JSONL or Parquet file and their numbers, as `read_records` has them; one may be a list.

    Raises:
        MissingDataError: There is no such file.
        DataError: The file is not what its name says.
        StorageError: It cannot be read.
    """
    if not path.is_file():
        raise MissingDataError("there is no such file", file=path)
    if not is_data_file(path.name):
        message = "the name tells no format that is known: .jsonl, .json, .csv, .tsv (also .gz, .zst), .parquet"
        raise DataError(message, file=path)
    kind, compression = kind_of(path.name)
    if kind == ".parquet":
        yield from _parquet_rows(path)
    else:
        with _opened(path, compression) as stream:
            yield from _json(stream, path) if kind == ".json" else _lines(stream, path)


@contextmanager
def _opened(path: Path, compression: str | None) -> Iterator[io.BufferedReader]:
    try:
        with pa.input_stream(str(path), compression=compression) as stream:
            yield io.BufferedReader(stream, CHUNK)
    except PermissionError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: {error}", file=path) from error
    except OSError as error:
        what = f"not a complete {compression} file" if compression else "cannot be read"
        raise DataError(f"{what}: {error}", file=path) from error


def _parquet_rows(path: Path) -> Iterator[tuple[int, Any]]:
    row = 0
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            for batch in file.iter_batches(ROWS):
                for values in batch.to_pylist():
                    row += 1
                    yield row, values
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"not a Parquet file: {error}", file=path) from error


def _lines(stream: BinaryIO, path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(stream, start=1):
        if line.strip():
            yield number, _decoded(line.removeprefix(codecs.BOM_UTF8) if number == 1 else line, path, number)


def _json(stream: io.BufferedReader, path: Path) -> Iterator[tuple[int, Any]]:
    if stream.peek(64).removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"[":
        return _list(stream, path)
    content = stream.read().removeprefix(codecs.BOM_UTF8)
    try:
        return _members(json.loads(content))
    except ValueError:  # several objects, one a line
        return _lines(io.BytesIO(content), path)


def _members(value: Any) -> Iterator[tuple[int, Any]]:
    """A single object: a record, or the records by id (LiHua-World, StrategyQA's paragraphs) or lists by title."""
    if not isinstance(value, dict) or not value or not all(isinstance(one, dict | list) for one in value.values()):
        yield 1, value
        return
    for row, (key, member) in enumerate(value.items(), start=1):
        yield row, [key, member] if isinstance(member, list) else {"id": key, **member}


def _list(stream: BinaryIO, path: Path) -> Iterator[tuple[int, Any]]:
    """The members of a JSON list, decoded one by one while the file is read."""
    text = _Text(stream)
    text.expect("[", path)
    row = 0
    while text.peek() not in ("]", ""):
        if row:
            text.expect(",", path)
        row += 1
        yield row, text.value(path, row)
    text.expect("]", path)
    if text.peek():
        raise DataError("something follows the end of the list", file=path)


class _Text:
    """Characters of a stream from a place that moves on."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._buffer, self._at, self._ended = "", 0, False

    def peek(self) -> str:
        """The next character that is not blank, empty at the end."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if self._ended:
                return ""
            self._more(CHUNK)

    def expect(self, sign: str, path: Path) -> None:
        """Go behind this character."""
        if self.peek() != sign:
            raise DataError(f"not JSON: expected '{sign}', found '{self.peek() or 'the end of the file'}'", file=path)
        self._at += 1

    def value(self, path: Path, row: int) -> Any:
        """The next value."""
        self.peek()
        wanted = CHUNK
        while True:
            try:
                value, self._at = _DECODER.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if self._ended or isinstance(error, RecursionError):
                    raise DataError(f"not JSON: {error}", file=path, row=row) from error
                self._more(wanted)
                wanted *= 2
            else:
                return value

    def _more(self, size: int) -> None:
        content = self._stream.read(size)
        self._ended = not content
        self._buffer = self._buffer[self._at :] + self._decoder.decode(content, final=self._ended)
        self._at = 0


def _decoded(line: bytes, path: Path, row: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=path, row=row) from error
