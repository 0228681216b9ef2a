"""Ordered selections of numbered passages, as language models write them: `[3] > [1]`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Numbers = Literal["bracketed", "digits"]
"""What counts as a number. `bracketed`: what stands in square brackets. `digits`: as in the released code of DRO,
every run of digits, those of a year or a copied title among them."""

_BRACKETS = re.compile(r"\[\s*[0-9]+(?:\s*[,;>]\s*[0-9]+)*\s*\]")
_DIGITS = re.compile(r"[0-9]+")
_LONGEST = 9
"""Digits of the longest number that is read; Python refuses to read numbers of thousands of digits."""


@dataclass(frozen=True)
class Selection:
    """What was selected.

    Attributes:
        places: Places of the passages from 0, in the order of the selection, each once.
        dropped: Numbers that were out of range or named before.
    """

    places: tuple[int, ...]
    dropped: int = 0


def render_selection(numbers: Iterable[int]) -> str:
    """`[3] > [1]`."""
    return " > ".join(f"[{number}]" for number in numbers)


def read_selection(text: str, n: int, limit: int, numbers: Numbers = "bracketed", first: int = 1) -> Selection:
    """The first `limit` distinct passages that a text names.

    Args:
        text: What a model wrote.
        n: Passages that it was shown.
        limit: Most passages that are selected.
        numbers: What counts as a number.
        first: What the number of the first passage is taken to be; they are shown from 1.
    """
    parts = _BRACKETS.findall(text) if numbers == "bracketed" else [text]
    written = [found for part in parts for found in _DIGITS.findall(part)]
    places = [int(found) - first for found in written if len(found) <= _LONGEST]
    named = tuple(dict.fromkeys(place for place in places if 0 <= place < n))
    return Selection(named[:limit], len(written) - len(named))
