"""What a reworded request must keep: its names, its quotations, its numbers."""

from __future__ import annotations

import re
from collections import Counter

_FUNCTION_WORDS = (
    "a an and are as at be been but by can could did do does for from had has have he her his how i if in is it its "
    "me my no not of on or our she should so than that the their them then there these they this those to was we "
    "were what when where which while who whom whose why will with would you your"
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words that are no names, also where they begin a sentence with a capital letter."""

_QUOTED = re.compile(r"\"([^\"]+)\"|\u201c([^\u201d]+)\u201d|(?<!\w)'([^']+)'(?!\w)")
_NUMBER = re.compile(r"\d(?:[\d.,:/-]*\d)?")
_WORD = re.compile(r"[^\W\d_][\w'\u2019-]*")
_SENTENCE = re.compile(r"(?:^|[.!?:]\s+|\n\s*)[\"'\u201c(]*$")


def numbers(text: str) -> Counter[str]:
    """Numbers, dates and times as they are written, and how often."""
    return Counter(_NUMBER.findall(text))


def quotations(text: str) -> set[str]:
    """What stands in quotation marks."""
    return {next(filter(None, found.groups())) for found in _QUOTED.finditer(text)}


def names(text: str) -> set[str]:
    """Words with a capital letter that do not merely begin a sentence.

    The first word of a sentence is one where the next is, too: `Ada Lovelace`, but not `Order two lamps`.
    """
    words = list(_WORD.finditer(text))
    capital = [word[0][0].isupper() and word[0].casefold() not in FUNCTION_WORDS for word in words]
    found = set()
    for at, word in enumerate(words):
        begins = _SENTENCE.search(text[: word.start()]) is not None
        joined = at + 1 < len(words) and capital[at + 1] and text[word.end() : words[at + 1].start()] == " "
        if capital[at] and (not begins or joined):
            found.add(word[0])
    return found


def lost(original: str, changed: str) -> list[str]:
    """What a request said and its rewording does not, and numbers that came in; empty where all is kept."""
    before, after = numbers(original), numbers(changed)
    gone = [f"the number {number}" for number in before - after]
    new = [f"no number {number}" for number in after - before]
    folded = changed.casefold()
    words = {word.casefold() for word in _WORD.findall(changed)}
    kept = [f"the name {name}" for name in sorted(names(original)) if name.casefold() not in words]
    quoted = [f"the quotation '{one}'" for one in sorted(quotations(original)) if one.casefold() not in folded]
    return [*gone, *new, *kept, *quoted]
