"""Vocabularies of ids: arrays of strings, and the integer positions that stand for them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def string_array(values: Iterable[str | None] | pa.Array | pa.ChunkedArray) -> pa.LargeStringArray:
    """Values as one contiguous Arrow string array."""
    if isinstance(values, pa.ChunkedArray):
        values = values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()  # which copies even one
    if isinstance(values, pa.Array):
        return values.cast(pa.large_string())
    return pa.array(values, type=pa.large_string())


def positions_of(ids: pa.LargeStringArray, vocabulary: pa.LargeStringArray) -> npt.NDArray[np.int64]:
    """Position of each id in the vocabulary, -1 where it has none."""
    if ids is vocabulary:
        return np.arange(len(ids), dtype=np.int64)
    found = pc.index_in(ids, value_set=vocabulary)
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def tie_order(ids: pa.LargeStringArray) -> npt.NDArray[np.int64]:
    """Positions sorted by id, descending as UTF-8 bytes: the order in which trec_eval breaks ties."""
    order = pc.array_sort_indices(ids, order="descending")
    return np.asarray(order.to_numpy(), dtype=np.int64)


def duplicates(ids: pa.LargeStringArray) -> npt.NDArray[np.int64]:
    """Positions of ids that stood earlier already."""
    first = pc.index_in(ids, value_set=ids)
    return np.flatnonzero(np.asarray(first.to_numpy(zero_copy_only=False)) != np.arange(len(ids)))
