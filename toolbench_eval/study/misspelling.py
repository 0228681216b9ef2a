"""Misspelling words as hasty typing does."""

from __future__ import annotations

import random
import re

_QUOTED_OR_WORD = re.compile(r"\"[^\"]*\"|\u201c[^\u201d]*\u201d|\b[a-z]{4,}\b")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: [row[at] for at in (place - 1, place + 1) if 0 <= at < len(row)]
    for row in _ROWS
    for place, letter in enumerate(row)
}


def misspelt(text: str, draw: random.Random, rate: float) -> str:
    """The text with some of its words misspelt.

    Words of at least four small letters may be; names, numbers and quotations are not, nor is the first or the last
    letter of a word.

    Args:
        text: The text.
        draw: Draws words, letters and slips.
        rate: Share of the words, from 0 to 1; above 0 at least one is misspelt.
    """
    places = [found.span() for found in _QUOTED_OR_WORD.finditer(text) if found[0].isalpha()]
    number = min(len(places), max(1, round(rate * len(places)))) if rate > 0 else 0
    for start, end in sorted(draw.sample(places, number), reverse=True):
        text = text[:start] + _slip(text[start:end], draw) + text[end:]
    return text


def _slip(word: str, draw: random.Random) -> str:
    """The word with one slip: two letters swapped, one left out, doubled, or struck beside."""
    at = draw.randrange(1, len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :] if at + 2 < len(word) else word
    slips = [
        swapped,
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + draw.choice(_BESIDE[word[at]]) + word[at + 1 :],
    ]
    return draw.choice([slip for slip in slips if slip != word])
