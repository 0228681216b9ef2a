"""Windows over a ranking, and the permutations that a language model answers with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_BRACKETED = re.compile(r"\[\s*(\d+)\s*\]")
_NUMBER = re.compile(r"\d+")

LastWindow = Literal["anchored", "dropped"]


def windows(n: int, size: int, step: int, last: LastWindow = "anchored") -> list[tuple[int, int]]:
    """The windows of a sliding-window reranker, from the bottom of the ranking to its top.

    Source: Sun et al. 2023, section 3.3.

    Args:
        n: Documents in the ranking.
        size: Documents in a window.
        step: Places that it moves.
        last: `anchored`: the last window begins at the top, whatever `n` is. `dropped`: as MAIR's reference, a
            window that would begin above the top is left out; below `size` documents nothing is reranked, and the
            top (n - size) mod step documents are never shown.

    Returns:
        First and past-the-end places.
    """
    starts = list(range(n - size, -1, -step))
    if last == "anchored" and (not starts or starts[-1] > 0):
        starts.append(0)
    return [(start, min(start + size, n)) for start in starts]


@dataclass(frozen=True)
class Permutation:
    """An order that was read from an answer.

    Attributes:
        order: Every place 0 .. n - 1 once.
        named: How many places the answer named; the others follow in their old order.
        dropped: Numbers that were out of range or named before.
    """

    order: tuple[int, ...]
    named: int
    dropped: int

    @property
    def whole(self) -> bool:
        """Whether the answer was a permutation as it stood."""
        return self.named == len(self.order) and not self.dropped


def read_permutation(answer: str, n: int) -> Permutation:
    """The order that an answer names: `[2] > [1]`; without brackets, all its numbers.

    Numbers count from 1. Those out of range or named before are dropped, what is not named follows in its old order
    (Sun et al. 2023).
    """
    numbers = [_place(written) for written in _BRACKETED.findall(answer) or _NUMBER.findall(answer)]
    named = dict.fromkeys(number for number in numbers if 0 <= number < n)
    order = (*named, *(place for place in range(n) if place not in named))
    return Permutation(order, len(named), len(numbers) - len(named))


def _place(written: str) -> int:
    """The place of a number, -1 where it has more digits than Python reads."""
    try:
        return int(written) - 1
    except ValueError:
        return -1
