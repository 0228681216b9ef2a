"""Arithmetic on flat arrays whose entries belong to queries: sums, running counts, running sums.

``rows`` is always sorted: the query of each entry. Float results of a query depend on its own entries
only, to the last bit, so that a query scores the same in whatever company it is scored.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_CELLS = 1 << 20
"""Most cells of a padded matrix that is held at once."""


def counts(rows: Ints, n: int) -> Ints:
    """Number of entries of each of n queries."""
    return np.bincount(rows, minlength=n).astype(np.int64, copy=False)


def sums(rows: Ints, values: npt.NDArray[Any], n: int) -> Floats:
    """Sum of the entries of each of n queries, added in the order given."""
    return np.bincount(rows, weights=values, minlength=n).astype(np.float64, copy=False)


def maxima(rows: Ints, values: Floats, n: int) -> Floats:
    """Largest entry of each of n queries, 0 where it has none."""
    largest = np.zeros(n)
    np.maximum.at(largest, rows, values)
    return largest


def starts(rows: Ints, n: int) -> Ints:
    """Position of the first entry of each of n queries."""
    size = counts(rows, n)
    return np.cumsum(size) - size


def running(rows: Ints, values: npt.NDArray[Any], n: int) -> Ints:
    """Running sum of whole numbers or flags within each query, the entry itself included."""
    total = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return np.asarray(total[1:] - total[starts(rows, n)][rows], dtype=np.int64)


def places(rows: Ints, n: int) -> Ints:
    """Place of each entry within its query, from 0."""
    return np.arange(len(rows), dtype=np.int64) - starts(rows, n)[rows]


def running_sums(rows: Ints, values: Floats, n: int) -> Floats:
    """Running sum of floats within each query, the entry itself included."""
    return _accumulated(np.add, rows, values, n)


def running_products(rows: Ints, values: Floats, n: int) -> Floats:
    """Running product of floats within each query, the entry itself included."""
    return _accumulated(np.multiply, rows, values, n)


def _accumulated(operation: np.ufunc, rows: Ints, values: Floats, n: int) -> Floats:
    size = counts(rows, n)
    ends = np.cumsum(size)
    place = places(rows, n)
    result = np.empty(len(rows))
    step = max(1, _CELLS // max(1, int(size.max(initial=1))))
    for first in range(0, n, step):
        last = min(first + step, n)
        part = slice(ends[first] - size[first], ends[last - 1])
        padded = np.zeros((last - first, int(size[first:last].max(initial=0))))
        at = (rows[part] - first, place[part])
        padded[at] = values[part]
        result[part] = operation.accumulate(padded, axis=1)[at]
    return result
