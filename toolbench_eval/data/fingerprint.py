"""Identity of data by content: never by a name, a path or a date."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import pyarrow as pa


def fingerprint_rows(*columns: pa.Array | Iterable[object]) -> str:
    """SHA-256 over the rows of some columns, independent of the order of the rows.

    Every value is written with its length in front, so that no two different tables have
    the same bytes; null differs from the empty string. The rows' own digests are sorted before they are
    joined, so the order in which a file lists its rows is no part of the identity.

    Args:
        columns: Columns of equal length; values are written as UTF-8 text.
    """
    values = [column.to_pylist() if isinstance(column, pa.Array) else list(column) for column in columns]
    digests = sorted(hashlib.sha256(b"".join(map(_framed, row))).digest() for row in zip(*values, strict=True))
    return hashlib.sha256(b"".join(digests)).hexdigest()


def combined(fingerprints: Sequence[str]) -> str:
    """One fingerprint for several; of one it is that one itself."""
    if len(fingerprints) == 1:
        return fingerprints[0]
    return hashlib.sha256("".join(fingerprints).encode()).hexdigest()


def _framed(value: object) -> bytes:
    if value is None:
        return b"-:"
    text = str(value).encode("utf-8", "surrogatepass")
    return b"%d:%s" % (len(text), text)
