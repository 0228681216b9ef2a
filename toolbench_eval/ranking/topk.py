"""Exact top k of every row of a score matrix, ties included.

Plain ``argpartition`` over whole rows costs as much as the product that made the scores, and leaves it to chance which
of the documents tied at rank k survive the cut. Here a bound comes first, from maxima of groups of columns: the k-th
largest group maximum cannot exceed the k-th largest score, as k groups hold at least one score each that reaches it.
Few columns reach the bound, and only those are sorted.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from toolbench_eval.errors import DataError, UsageError

Scores: TypeAlias = npt.NDArray[np.float32]
Columns: TypeAlias = npt.NDArray[np.int32]

_CACHED_SCORES = 1 << 20
"""Scores looked at together (4 MB): several passes go over them, which should find them in the cache."""
_GROUPS_PER_HIT = 4
"""Groups for each wanted column: the more, the closer the bound is to the k-th score."""
_WIDEST_GROUP = 64
"""Columns in a group at most: wider ones save little, as each column is read anyway."""
_CROWD = 2
"""Rows with more groups than this at the bound for each wanted column (masses of ties) are treated one by one."""


def top_k(scores: Scores, k: int) -> tuple[Columns, Scores]:
    """The k best columns of each row, best first.

    Of equal scores the lowest column wins, also at the cut. Callers that put documents into tie order
    (``Corpus.tie_order``) therefore get trec_eval's ranking.

    Args:
        scores: float32, shape (q, n). Infinities are ranked, NaN is refused.
        k: Number of columns wanted, at least 1.

    Returns:
        Columns (int32) and their scores (float32), both of shape (q, min(k, n)).

    Raises:
        UsageError: ``k`` is below 1.
        DataError: A score is NaN.
    """
    if k < 1:
        raise UsageError(f"k is {k}; ask for at least 1 document per query.")
    q, n = scores.shape
    k = min(k, n)
    columns = np.empty((q, k), dtype=np.int32)
    step = max(1, _CACHED_SCORES // max(1, n))
    for start in range(0, q if k else 0, step):
        columns[start : start + step] = _best_columns(scores[start : start + step], k, start)
    return columns, np.take_along_axis(scores, columns, axis=1)


def _best_columns(scores: Scores, k: int, first_row: int) -> npt.NDArray[np.int64]:
    n = scores.shape[1]
    width = min(_WIDEST_GROUP, n // (_GROUPS_PER_HIT * k))
    maxima = _group_maxima(scores, width) if width > 1 else scores
    # A maximum over NaN is NaN, so the maxima tell about every score.
    if np.isnan(maxima).any():
        row, column = np.argwhere(np.isnan(scores))[0]
        raise DataError(
            f"the score of query row {first_row + row} for document column {column} is NaN; "
            "check the embeddings for NaN and overflow, or use float32."
        )
    if width <= 1:
        return _sorted_columns(_keys(scores, np.arange(n)), k)
    groups = maxima.shape[1]
    bound = np.partition(maxima, groups - k, axis=1)[:, groups - k]
    crowded = np.flatnonzero((maxima >= bound[:, None]).sum(axis=1) > _CROWD * k)
    best = _best_above(scores, bound, crowded, k)
    for row in crowded.tolist():
        best[row] = _best_of_crowd(scores[row], bound[row], k)
    return best


def _group_maxima(scores: Scores, width: int) -> Scores:
    """Maxima of groups of ``width`` columns; columns left over are groups of their own.

    Columns of a group lie n // width apart: a maximum of whole stretches is several times faster than one along them.
    """
    q, n = scores.shape
    groups = n // width
    grouped = scores[:, : groups * width].reshape(q, width, groups)
    return np.concatenate([grouped.max(axis=1), scores[:, groups * width :]], axis=1)


def _best_above(scores: Scores, bound: Scores, left_out: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int64]:
    """The k best columns of each row but those left out, where at least k of its scores reach the row's bound."""
    q, n = scores.shape
    bound = bound.copy()
    bound[left_out] = np.nan  # nothing reaches NaN
    found = np.flatnonzero(scores >= bound[:, None])
    starts = np.searchsorted(found, np.arange(q + 1) * n)
    counts = np.diff(starts)
    rows = np.repeat(np.arange(q), counts)
    keys = np.full((q, max(k, counts.max())), np.iinfo(np.int64).max)
    keys[rows, np.arange(len(found)) - starts[rows]] = _keys(scores.reshape(-1)[found], found - rows * n)
    return _sorted_columns(keys, k)


def _best_of_crowd(scores: Scores, bound: np.float32, k: int) -> npt.NDArray[np.int64]:
    """The k best columns of one row, many of whose scores equal the bound: the first k of those are enough."""
    above = np.flatnonzero(scores > bound)
    candidates = np.concatenate([above, _first_equal(scores, bound, k)])
    return _sorted_columns(_keys(scores[candidates], candidates), k)


def _first_equal(scores: Scores, value: np.float32, k: int) -> npt.NDArray[np.int64]:
    stop = 16 * k
    found = np.flatnonzero(scores[:stop] == value)
    while len(found) < k and stop < len(scores):
        stop *= 8
        found = np.flatnonzero(scores[:stop] == value)
    return found[:k]


def _keys(scores: Scores, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Integers that sort as (score descending, column ascending).

    Bits of a float32 order as an integer once those of negative numbers are flipped. Adding zero makes -0.0 equal 0.0.
    """
    bits = (scores + np.float32(0)).view(np.int32)
    ascending = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    return (~ascending).astype(np.int64) << 32 | columns


def _sorted_columns(keys: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int64]:
    best = np.partition(keys, k - 1)[..., :k] if k < keys.shape[-1] else keys
    return np.sort(best) & 0xFFFFFFFF
