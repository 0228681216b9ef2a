"""One file of records as an Arrow table: JSONL, JSON, CSV, TSV (plain, gzip, zstd) and Parquet.

Every column of the table is flat, whatever the format: see `read_table`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from toolbench_eval.data.ids import string_array
from toolbench_eval.errors import DataError, MissingDataError, StorageError

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}

_NULL, _BOOL, _INT, _FLOAT = type(None), bool, int, float
_FLAT_TYPES = {
    frozenset({_BOOL}): pa.bool_(),
    frozenset({_INT}): pa.int64(),
    frozenset({_FLOAT}): pa.float64(),
    frozenset({_INT, _FLOAT}): pa.float64(),
}


def read_table(path: str | Path) -> pa.Table:
    """Read one file of records; its name tells the format.

    ``.jsonl`` and ``.ndjson`` hold one object a line; ``.json`` a list of objects, or one object a line;
    ``.csv`` and ``.tsv`` a header and quoted fields as Python's ``csv`` writes them. These may end in ``.gz`` or
    ``.zst``. ``.parquet`` is read as it is.

    Columns are flat. A column whose values are all strings, all booleans or all numbers has that Arrow type.
    Any other column (lists, objects, values of several types) becomes text: strings stay as they are, all
    other values are written as JSON. So a list of labels reads the same whether the file holds a list or a
    string with the JSON of that list. CSV and TSV give text only; an absent key is null.

    Args:
        path: The file.

    Raises:
        MissingDataError: There is no such file.
        DataError: The file is not what its name says; names the file and, where there is one, the row (1-based:
            the line in a text file, the record in a JSON list) and the field.
        StorageError: The disk or the permissions do not allow to read it.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError("is a folder, not a file", file=path)
    if not path.exists():
        raise MissingDataError("there is no such file", file=path)
    if not is_data_file(path.name):
        raise DataError(f"the format is told by the name, which must end in one of {_KNOWN_ENDINGS}", file=path)
    kind, compression = kind_of(path.name)
    if kind == ".parquet":
        return _read_parquet(path)
    with _opened(path, compression) as stream:
        return _TEXT_READERS[kind](stream, path)


def kind_of(name: str) -> tuple[str, str | None]:
    """The format (last suffix, lower case, ``""`` if none) and the compression that a file name tells."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    compression = COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    kinds = suffixes[:-1] if compression else suffixes
    return (kinds[-1] if kinds else ""), compression


def is_data_file(name: str) -> bool:
    """Whether `read_table` knows the format that this file name tells."""
    kind, compression = kind_of(name)
    return kind in _TEXT_READERS or (kind == ".parquet" and compression is None)


def table_of(columns: dict[str, list[object]], place: str | Path) -> pa.Table:
    """Columns of Python values as a table of flat columns (see `read_table`)."""
    return pa.table({name: _flat_column(name, values, place) for name, values in columns.items()})


@contextmanager
def _opened(path: Path, compression: str | None) -> Iterator[BinaryIO]:
    try:
        # pyarrow's decompressors, unlike the zstandard package's stream reader, notice a truncated file.
        with pa.input_stream(str(path), compression=compression) as stream:
            yield io.BufferedReader(stream)
    except PermissionError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror}") from error
    except OSError as error:
        what = f"not a complete {compression} file" if compression else "cannot be read"
        raise DataError(f"{what}: {error}", file=path) from error


# JSON


def _read_json(stream: BinaryIO, path: Path) -> pa.Table:
    content = stream.read()
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return _read_jsonl(io.BytesIO(content), path)
    records = _parsed(content, path, None)
    if not isinstance(records, list):  # unreachable for valid JSON; keeps the types honest
        raise DataError("must be a list of objects", file=path)
    return _table_of_records(enumerate(records, start=1), path)


def _read_jsonl(stream: BinaryIO, path: Path) -> pa.Table:
    # Lines end at "\n" only: U+2028 and its like may stand unescaped inside a JSON string.
    lines = ((number, line) for number, line in enumerate(stream, start=1) if line.strip())
    return _table_of_records(((number, _parsed(line, path, number)) for number, line in lines), path)


def _parsed(text: bytes, path: Path, row: int | None) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=path, row=row) from error


def _table_of_records(records: Iterator[tuple[int, object]], path: Path) -> pa.Table:
    columns: dict[str, list[object]] = {}
    count = 0
    for row, record in records:
        if not isinstance(record, dict):
            raise DataError(f"must be a JSON object, found {_json_type(record)}", file=path, row=row)
        for name, value in record.items():
            column = columns.setdefault(name, [])
            column.extend([None] * (count - len(column)))
            column.append(value)
        count += 1
    for column in columns.values():
        column.extend([None] * (count - len(column)))
    return table_of(columns, path)


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", _NULL: "null"}
    return names.get(type(value), "a number")


# CSV and TSV


def _delimited(delimiter: str) -> Callable[[BinaryIO, Path], pa.Table]:
    def read(stream: BinaryIO, path: Path) -> pa.Table:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        with _fields_of_any_length():
            try:
                return _table_of_rows(reader, path)
            except (csv.Error, UnicodeDecodeError) as error:
                raise DataError(f"not {path.suffix} text: {error}", file=path, row=reader.line_num + 1) from error

    return read


def _table_of_rows(reader: Iterator[list[str]], path: Path) -> pa.Table:
    names = next(reader, None)
    if not names:
        raise DataError("has no header line", file=path)
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError("the header names this column twice", file=path, row=1, field=doubled[0])
    columns: list[list[object]] = [[] for _ in names]
    for row in filter(None, reader):
        if len(row) != len(names):
            line: int = reader.line_num  # type: ignore[attr-defined]
            raise DataError(f"has {len(row)} fields where the header has {len(names)}", file=path, row=line)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return table_of(dict(zip(names, columns, strict=True)), path)


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    # csv refuses fields beyond 128 KiB by default, and documents are longer; the limit is global to the process.
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)


# Parquet


def _read_parquet(path: Path) -> pa.Table:
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            table = file.read()
    except PermissionError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror}") from error
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"not a Parquet file: {error}", file=path) from error
    for at, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            flat = _flat_column(field.name, table.column(at).to_pylist(), path)
            table = table.set_column(at, field.name, flat)
        elif pa.types.is_null(field.type):
            table = table.set_column(at, field.name, pa.nulls(len(table), pa.large_string()))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, table.column(at).cast(field.type.value_type))
    return table.replace_schema_metadata(None)


# Flat columns


def _flat_column(name: str, values: Sequence[object], place: str | Path) -> pa.Array:
    kinds = frozenset(map(type, values)) - {_NULL}
    try:
        if kinds in _FLAT_TYPES:
            return pa.array(values, type=_FLAT_TYPES[kinds])
    except (OverflowError, pa.ArrowInvalid):
        pass  # an integer beyond 64 bits: keep its digits, as text
    texts = [value if value is None or isinstance(value, str) else _json_text(value) for value in values]
    try:
        return string_array(texts)
    except UnicodeEncodeError:
        row = next(at for at, text in enumerate(texts) if text is not None and _LONE_SURROGATE.search(text))
        message = f"record {row + 1} holds half a surrogate pair (\\ud800 to \\udfff), which is not a character"
        raise DataError(message, file=place, field=name) from None


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _json_text(value: object) -> str:
    # default=str: what Parquet holds inside lists and JSON does not know (dates, decimals, bytes).
    return json.dumps(value, ensure_ascii=False, default=str)


_TEXT_READERS: dict[str, Callable[[BinaryIO, Path], pa.Table]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".json": _read_json,
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
}
_KNOWN_ENDINGS = f".parquet, {', '.join(_TEXT_READERS)} (the text formats also with {' or '.join(COMPRESSIONS)} behind)"
