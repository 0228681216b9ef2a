"""Batches and shards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.encoding import batching
from toolbench_eval.encoding.batching import pack, shards

LENGTHS = st.lists(st.integers(1, 600), min_size=1, max_size=200)


def packed(lengths: list[int], batch_tokens: int) -> list[list[int]]:
    return [rows.tolist() for rows in pack(np.array(lengths, dtype=np.int64), batch_tokens)]


def test_by_hand() -> None:
    # Longest first, equal lengths in their order; 3 x 10 is all of 30; then 2 of length 2 would be padded beside 9.
    assert packed([9, 10, 10, 2, 10, 2], 30) == [[1, 2, 4], [0], [3, 5]]


def test_a_text_longer_than_the_budget_is_alone() -> None:
    assert packed([5, 100, 7], 20) == [[1], [2], [0]]


def test_small_batches_may_be_padded() -> None:
    assert packed([10, 1, 1, 1], 8000) == [[0, 1, 2, 3]]
    assert packed([500, 10], 8000) == [[0, 1]]  # 2 x 500 is 1/8 of the budget
    assert packed([501, 10], 8000) == [[0], [1]]


@given(LENGTHS, st.integers(1, 4000))
def test_each_row_once_within_budget_longest_first(lengths: list[int], batch_tokens: int) -> None:
    batches = packed(lengths, batch_tokens)
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    in_order = [lengths[row] for rows in batches for row in rows]
    assert in_order == sorted(lengths, reverse=True)
    for rows in batches:
        assert len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= batch_tokens


@given(LENGTHS, st.integers(100, 4000))
def test_padding_is_bounded_in_all_but_small_batches(lengths: list[int], batch_tokens: int) -> None:
    for rows in packed(lengths, batch_tokens):
        longest = max(lengths[row] for row in rows)
        if len(rows) * longest > batch_tokens / 8 and len(rows) > 1:
            assert 1 - sum(lengths[row] for row in rows) / (len(rows) * longest) <= 0.05


def test_shards_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "SHARD_TEXTS", 3)
    monkeypatch.setattr(batching, "SHARD_TOKENS", 100)
    cuts = shards([4000, 400, 36, 36, 36, 36, 4], 90)
    # 90 (cut at 90 tokens) leaves no room for 90 more, nor that for 10 more; then three texts are the most.
    assert cuts == [slice(0, 1), slice(1, 3), slice(3, 6), slice(6, 7)]
    assert shards([], 90) == []


@given(st.lists(st.integers(0, 10**6), max_size=300), st.integers(1, 4096))
def test_shards_cover_all_texts(characters: list[int], max_tokens: int) -> None:
    ordered = sorted(characters, reverse=True)
    cuts = shards(ordered, max_tokens)
    assert [length for cut in cuts for length in ordered[cut]] == ordered
    assert all(0 < cut.stop - cut.start <= batching.SHARD_TEXTS for cut in cuts)
