"""Lines of TREC files as columns: quickly where the file is clean, carefully where it is not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from toolbench_eval.errors import DataError


@dataclass(frozen=True)
class Layout:
    """What the lines of a kind of file hold.

    Attributes:
        kind: As it is called in errors.
        fields: Names of all fields of a line.
        kept: Fields that are read -> Arrow type.
        trailing: Whether more fields may follow, which are ignored.
    """

    kind: str
    fields: tuple[str, ...]
    kept: dict[str, pa.DataType]
    trailing: bool


RUN = Layout(
    "run",
    ("query", "Q0", "document", "rank", "score", "tag"),
    {"query": pa.string(), "document": pa.string(), "score": pa.float64()},
    trailing=True,
)
RANKED_RUN = Layout(RUN.kind, RUN.fields, RUN.kept | {"rank": pa.int64()}, trailing=True)
QRELS = Layout(
    "qrels",
    ("query", "iteration", "document", "grade"),
    {"query": pa.string(), "document": pa.string(), "grade": pa.int32()},
    trailing=False,
)


def read_columns(content: bytes, layout: Layout, path: Path) -> pa.Table:
    """The kept fields of all lines that are not blank, one row a line.

    Raises:
        DataError: There is no line, or one is not what it should be; names file, row and field.
    """
    table = _read_clean(content, layout)
    if table is None:
        table = _read_any(content, layout, path)
    if not len(table):
        raise DataError(f"the file is empty; a {layout.kind} file has lines '{' '.join(layout.fields)}'", file=path)
    return table


def line_number(content: bytes, row: int) -> int:
    """Number from 1 of the line that became a row (from 0) of the table."""
    filled = (number for number, line in enumerate(content.splitlines(), start=1) if line.split())
    return next(number for place, number in enumerate(filled) if place == row)


def _read_clean(content: bytes, layout: Layout) -> pa.Table | None:
    """All lines by Arrow, or None unless the fields are parted by one and the same blank throughout."""
    delimiter, other = (b"\t", b" ") if b"\t" in content[: content.find(b"\n")] else (b" ", b"\t")
    if not content or content.startswith(delimiter):
        return None
    if other in content or 2 * delimiter in content or b"\n" + delimiter in content:
        return None
    try:
        table = pacsv.read_csv(
            pa.BufferReader(content),
            # One thread: pyarrow's reading threads, left behind at exit, were seen to abort a short command.
            pacsv.ReadOptions(column_names=layout.fields, use_threads=False),
            pacsv.ParseOptions(delimiter=delimiter.decode(), quote_char=False),
            pacsv.ConvertOptions(column_types=layout.kept, include_columns=list(layout.kept), null_values=[]),
        )
    except pa.ArrowInvalid:
        return None
    if "score" in layout.kept and np.isnan(table["score"].to_numpy()).any():
        return None
    return table


def _read_any(content: bytes, layout: Layout, path: Path) -> pa.Table:
    """All lines, one by one; raises for the first that is wrong."""
    readers = [(layout.fields.index(name), name, _READERS[kind]) for name, kind in layout.kept.items()]
    columns: dict[str, list[object]] = {name: [] for name in layout.kept}
    for number, parts in _split_lines(content, layout, path):
        for place, name, reader in readers:
            try:
                columns[name].append(reader(parts[place]))
            except ValueError as error:
                raise DataError(_complaint(name, parts[place], error), file=path, row=number, field=name) from error
    return pa.table({name: pa.array(values, layout.kept[name]) for name, values in columns.items()})


def _split_lines(content: bytes, layout: Layout, path: Path) -> Iterator[tuple[int, list[bytes]]]:
    wanted = len(layout.fields)
    for number, line in enumerate(content.splitlines(), start=1):
        parts = line.split()
        if len(parts) == wanted or (layout.trailing and len(parts) > wanted):
            yield number, parts
        elif parts:
            raise DataError(
                f"expected {wanted} fields ({' '.join(layout.fields)}), found {len(parts)}: "
                f"'{line.decode(errors='replace').strip()[:80]}'",
                file=path,
                row=number,
            )


def _text(token: bytes) -> str:
    return token.decode("utf-8")


def _score(token: bytes) -> float:
    score = float(_digits(token))
    if math.isnan(score):
        raise ValueError
    return score


def _whole(token: bytes) -> int:
    number = int(_digits(token))
    if abs(number) >= 1 << 31:
        raise ValueError
    return number


def _digits(token: bytes) -> bytes:
    if b"_" in token:
        raise ValueError  # Python reads 1_000 as a number, nobody else does
    return token


_READERS: dict[pa.DataType, Callable[[bytes], object]] = {
    pa.string(): _text,
    pa.float64(): _score,
    pa.int64(): _whole,
    pa.int32(): _whole,
}

_ALLOWED = {"score": "a number", "grade": "a whole number", "rank": "a whole number"}


def _complaint(field: str, token: bytes, error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"{token!r} is not UTF-8"
    return f"must be {_ALLOWED[field]}, not '{token.decode(errors='replace')}'"
