"""Reading Parquet files that somebody else made: nothing is unpacked before its size is known.

A Parquet file of a few kilobytes can stand for gigabytes: pages shrink a thousandfold, a dictionary repeats one
long text a million times, prefixes are shared between values, and the sizes in the footer are only a claim. So the
header of every page is read first, which is what decides how much memory a reader takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.results.thrift import MalformedError, read_struct

Check = Callable[[pa.DataType], bool]

_MOST_COLUMNS = 2000
_MOST_PAGES = 200_000
_HEADER_BYTES = 1 << 16
_MANY_ROWS = 1 << 20
_EXPANDING = 7
"""DELTA_BYTE_ARRAY: values that share prefixes, so a page does not say how much it unpacks to."""


@dataclass(frozen=True)
class Bounds:
    """How much a file may hold.

    Attributes:
        rows: Most rows.
        size: Most bytes when unpacked.
    """

    rows: int = 2**31 - 1
    size: int = 8 * 2**30


ANY = Bounds()


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def read_table(
    path: Path, columns: Mapping[str, Check], *, others: Check | None = None, bounds: Bounds = ANY
) -> pa.Table:
    """The columns of a Parquet file, after a look at how large they are.

    Args:
        path: The file.
        columns: Columns that must be there, and what their type must be; none may hold nulls.
        others: What the type of all further columns must be; None to leave them unread.
        bounds: Most that the file may hold.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is no Parquet file, lacks a column, or is larger than the bounds.
    """
    if not path.is_file():  # a pipe would be waited for
        raise MissingDataError("the file is not there", file=path)
    try:
        with path.open("rb") as stream, pq.ParquetFile(stream) as file:
            _check_size(file, stream, path, bounds)
            names = file.schema_arrow.names
            _check_names(names, columns, path)
            wanted = list(columns) if others is None else names
            table = _read(path, wanted, [name for name in wanted if is_text(file.schema_arrow.field(name).type)])
    except (pa.ArrowException, OSError, UnicodeDecodeError, MalformedError) as error:
        raise DataError(f"not a Parquet file that can be read: {error}", file=path) from None
    for name in wanted:
        fits = columns.get(name, others)
        kind = table[name].type
        if (fits is not None and not fits(_plain(kind))) or table[name].null_count:
            raise DataError(f"not a column of a file beside a result: {kind}", file=path, field=name)
    return _texts_unpacked(table, path, bounds)


def _check_names(names: list[str], columns: Mapping[str, Check], path: Path) -> None:
    if len(set(names)) < len(names):
        raise DataError("a column stands twice", file=path)
    for name in columns:
        if name not in names:
            raise DataError(f"the column is missing; found {names}", file=path, field=name)


def _read(path: Path, wanted: list[str], texts: list[str]) -> pa.Table:
    # ParquetFile, not read_table: that one takes folders named key=value for columns, and imports pandas.
    # Texts come as a dictionary, so that one that is repeated does not take its memory again.
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        # Handing pieces to threads takes longer than reading, for all but very large files.
        return file.read(columns=wanted, use_threads=file.metadata.num_rows > _MANY_ROWS)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _texts_unpacked(table: pa.Table, path: Path, bounds: Bounds) -> pa.Table:
    for at, name in enumerate(table.column_names):
        column = table[name]
        if not pa.types.is_dictionary(column.type):
            continue
        try:
            column.validate(full=True)  # that the values are UTF-8, and each row has one
        except pa.ArrowException as error:
            raise DataError(f"not text: {error}", file=path, field=name) from None
        size = sum(pc.sum(pc.binary_length(part.dictionary).take(part.indices)).as_py() or 0 for part in column.chunks)
        if size > bounds.size:
            raise DataError(f"unpacks to {size} bytes; at most {bounds.size} are read", file=path, field=name)
        plain = column.cast(pa.large_string())
        table = table.set_column(at, name, plain)
    return table


def _check_size(file: pq.ParquetFile, stream: BinaryIO, path: Path, bounds: Bounds) -> None:
    footer = file.metadata
    if footer.num_rows > bounds.rows:
        raise DataError(f"has {footer.num_rows} rows; at most {bounds.rows} are read", file=path)
    if footer.num_columns > _MOST_COLUMNS:
        raise DataError(f"has {footer.num_columns} columns; at most {_MOST_COLUMNS} are read", file=path)
    size = 0
    for number, page in enumerate(_pages(footer, stream), start=1):
        size += page.size
        if size > bounds.size:
            raise DataError(f"unpacks to more than the {bounds.size} bytes that are read", file=path)
        if number > _MOST_PAGES or page.values > bounds.rows or page.encoding == _EXPANDING:
            raise DataError("is packed in a way that is not read: too many pages or values", file=path)


@dataclass(frozen=True)
class _Page:
    size: int
    values: int
    encoding: int


def _pages(footer: pq.FileMetaData, stream: BinaryIO) -> Iterator[_Page]:
    """The headers of all pages of all columns.

    Raises:
        MalformedError: A header is none, or a size is negative.
    """
    for group in range(footer.num_row_groups):
        for column in range(footer.num_columns):
            chunk = footer.row_group(group).column(column)
            start = chunk.data_page_offset
            # A column without values has a dictionary page only, and 0 as the place of its first data page.
            if chunk.has_dictionary_page and (start == 0 or 0 < chunk.dictionary_page_offset < start):
                start = chunk.dictionary_page_offset
            end = start + chunk.total_compressed_size
            while start < end:
                if start < 0:
                    raise MalformedError("a page begins before the file")
                stream.seek(start)
                header, length = read_struct(stream.read(_HEADER_BYTES))
                unpacked, packed = _number(header.get(2)), _number(header.get(3))
                described: dict[int, object] = next(
                    (header[kind] for kind in (5, 7, 8) if isinstance(header.get(kind), dict)), {}
                )
                encoding = described.get(4 if 8 in header else 2)
                yield _Page(unpacked, _number(described.get(1, 0)), _number(encoding or 0))
                start += length + packed


def _number(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise MalformedError("a page header lacks a size")
    return value
