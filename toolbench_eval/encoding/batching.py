"""Which texts share a shard, and which of a shard's texts share a batch: decided by lengths alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

SHARD_TEXTS = 2048
SHARD_TOKENS = 1 << 18
"""Bounds of a shard: some 30 s of work for a small model on two CPU cores, below a second on a GPU."""

CHARACTERS_PER_TOKEN = 4
MAX_PADDING = 0.05
SMALLEST = 8
"""A batch of less than 1/8 of the budget may be padded more: a device works badly on tiny batches."""


def shards(characters: Sequence[int], max_tokens: int) -> list[slice]:
    """Cut a list of texts, longest first, into shards.

    Args:
        characters: Length of each text in characters, not increasing.
        max_tokens: Tokens of a text that the model sees.
    """
    found, start, tokens = [], 0, 0
    for at, length in enumerate(characters):
        estimate = min(max_tokens, 1 + length // CHARACTERS_PER_TOKEN)
        if at > start and (at - start == SHARD_TEXTS or tokens + estimate > SHARD_TOKENS):
            found.append(slice(start, at))
            start, tokens = at, 0
        tokens += estimate
    return [*found, slice(start, len(characters))] if len(characters) else []


def pack(lengths: npt.NDArray[np.int64], batch_tokens: int) -> list[Rows]:
    """Batches of rows, longest first, so that memory runs out at once if at all.

    A batch's rows times its longest row are at most `batch_tokens`, or it is one row. It ends early where one more
    row would make more than 5 % of it padding, unless it is small still: padding costs as much as text does.

    Args:
        lengths: Tokens of each row.
        batch_tokens: Tokens of a batch, padding included.
    """
    order = np.argsort(-lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        stop = _end(lengths[order[start:]], batch_tokens) + start
        batches.append(order[start:stop])
        start = stop
    return batches


def _end(lengths: npt.NDArray[np.int64], batch_tokens: int) -> int:
    """How many of these rows, longest first, are the next batch."""
    longest = max(1, int(lengths[0]))
    most = min(len(lengths), max(1, batch_tokens // longest))
    rows = np.arange(1, most + 1)
    padding = 1 - np.cumsum(lengths[:most]) / (rows * longest)
    too_much = (padding > MAX_PADDING) & (rows * longest > batch_tokens / SMALLEST)
    return max(1, int(np.argmax(too_much))) if too_much.any() else most
