"""Subsequences: the longest common one, the longest increasing one, containment."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence


def lcs_length(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence, in O(len(first) * len(second))."""
    row = [0] * (len(second) + 1)
    for item in first:
        diagonal = 0
        for at, other in enumerate(second, 1):
            above = row[at]
            row[at] = diagonal + 1 if item == other else max(above, row[at - 1])
            diagonal = above
    return row[-1]


def longest_increasing(values: Iterable[int]) -> int:
    """Length of the longest strictly increasing subsequence (patience sorting)."""
    tails: list[int] = []
    for value in values:
        at = bisect_left(tails, value)
        tails[at : at + 1] = [value]
    return len(tails)


def is_subsequence(part: Iterable[Hashable], whole: Iterable[Hashable]) -> bool:
    """Whether all items of the first occur in the second, in this order, with or without others between."""
    rest = iter(whole)
    return all(item in rest for item in part)
