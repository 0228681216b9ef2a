"""Answers made comparable: the two normalisers in circulation, and the golds of which they leave nothing."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from typing import Literal

Normaliser = Literal["squad", "space"]
"""`squad` deletes punctuation (SQuAD and most evaluators), `space` puts a space in its place (GenGround, DRO)."""

_TABLES: dict[Normaliser, dict[int, str | int | None]] = {
    "squad": dict(str.maketrans("", "", string.punctuation)),
    "space": dict(str.maketrans(string.punctuation, " " * len(string.punctuation))),
}
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalise(text: str, normaliser: Normaliser = "squad", *, keep_articles: bool = False) -> str:
    """Lower case, ASCII punctuation gone, articles gone, white space folded.

    Punctuation beyond ASCII, accents and Unicode dashes stay, as in the SQuAD v1.1 evaluator (Rajpurkar et al.
    2016), from which every evaluator here has it.

    Args:
        text: Any text.
        normaliser: What becomes of punctuation: `U.S.` is `us` under `squad` and `u s` under `space`.
        keep_articles: Leave *a*, *an*, *the* in place.
    """
    bare = text.lower().translate(_TABLES[normaliser])
    return " ".join((bare if keep_articles else _ARTICLES.sub(" ", bare)).split())


def tokens(text: str, normaliser: Normaliser = "squad") -> list[str]:
    """The words of the normalised text."""
    return normalise(text, normaliser).split()


def empty_golds(golds: Iterable[str], normaliser: Normaliser = "squad") -> tuple[str, ...]:
    """The golds that normalise to nothing, such as `A` or `The`.

    Every text contains such a gold, and token F1 is 0 even for a perfect answer.
    """
    return tuple(gold for gold in golds if not normalise(gold, normaliser))
