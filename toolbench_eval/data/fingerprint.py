"""Identity of data by content: never by a name, a path or a date."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ROWS = 256
"""Rows of a column that are taken out of Arrow's memory at a time."""


def fingerprint_rows(*columns: pa.Array | Iterable[object]) -> str:
    """SHA-256 over the rows of some columns, independent of the order of the rows.

    Every value is written with its length in front, so that no two different tables have
    the same bytes; null differs from the empty string. The rows' own digests are sorted before they are
    joined, so the order in which a file lists its rows is no part of the identity.

    Args:
        columns: Columns of equal length; values are written as UTF-8 text.
    """
    rows = zip(*map(_framed, columns), strict=True)
    digests = sorted([hashlib.sha256(b"".join(row)).digest() for row in rows])
    return hashlib.sha256(b"".join(digests)).hexdigest()


def fingerprint_order(ids: pa.LargeStringArray) -> str:
    """SHA-256 of ids in the order in which they stand: what `fingerprint_rows` leaves out.

    Args:
        ids: Texts without null.
    """
    digest = hashlib.sha256(np.asarray(pc.binary_length(ids), dtype="<i8").tobytes())
    for text in _encoded(ids):
        digest.update(text or b"")
    return digest.hexdigest()


def combined(fingerprints: Sequence[str]) -> str:
    """One fingerprint for several; of one it is that one itself."""
    if len(fingerprints) == 1:
        return fingerprints[0]
    return hashlib.sha256("".join(fingerprints).encode()).hexdigest()


def _framed(column: pa.Array | Iterable[object]) -> Iterator[bytes]:
    """Every value with its length in front."""
    return (b"-:" if text is None else b"%d:%s" % (len(text), text) for text in _encoded(column))


def _encoded(column: pa.Array | Iterable[object]) -> Iterable[bytes | None]:
    if isinstance(column, pa.Array) and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        # No Python string is made of any, nor do they all take their memory again at once.
        encoded = column.cast(pa.large_binary())
        parts = (encoded.slice(at, _ROWS) for at in range(0, len(encoded), _ROWS))
        return chain.from_iterable(part.to_pylist() for part in parts)
    values = column.to_pylist() if isinstance(column, pa.Array) else column
    return (None if value is None else str(value).encode("utf-8", "surrogatepass") for value in values)
