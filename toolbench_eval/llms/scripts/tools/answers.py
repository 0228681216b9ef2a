"""Reading the answer to a question from the results of calls."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.llms.scripts.tools.values import Field, overlap, superlative
from toolbench_eval.llms.scripts.tools.words import QUESTION, stems, words

_FOCUS_ENDS = re.compile(
    r"\b(?:of|for|in|on|at|from|to|that|which|who|does|do|did|is|are|was|were|has|have|between)\b", re.IGNORECASE
)
_NAMES = ("name", "title")


@dataclass(frozen=True)
class _Wish:
    """What a question word wants: the stems of keys that name it, and what such a value looks like.

    With `only`, a value that looks otherwise cannot be the answer.
    """

    word: re.Pattern[str]
    keys: frozenset[str]
    shape: re.Pattern[str]
    only: bool = False


def _wish(word: str, keys: str, shape: str, only: bool = False) -> _Wish:
    return _Wish(re.compile(word, re.IGNORECASE), frozenset(stems(keys)), re.compile(shape), only)


_WISHES = (
    _wish(r"\bhow many\b", "", r"\d+"),
    _wish(r"\bhow much\b", "price total amount", r"\d+(?:\.\d+)?"),
    _wish(r"\b(?:when|what time)\b", "time date start", r"\d{1,2}:\d\d|\d{4}-\d\d-\d\d", only=True),
    _wish(r"\b(?:what|which) (?:day|date)\b", "date day", r"\d{4}-\d\d-\d\d"),
    _wish(r"\bwho(?:m|se)?\b", "name title", r"[A-Z]\w+(?: [A-Z][\w-]*)+"),
    _wish(r"\bwhere\b", "street place venue city", r".*[A-Za-z].*"),
)


@dataclass(frozen=True)
class Reading:
    """A value that may be the answer.

    Attributes:
        field: Where it stands.
        score: How much speaks for it.
        asked: Whether its name is what is asked for.
    """

    field: Field
    score: float
    asked: bool


def focus(question: str) -> list[str]:
    """What is asked for: the stems between the question word and the next small word."""
    found = QUESTION.search(question)
    rest = question[found.end() :] if found else question
    for _ in range(3):
        rest = re.sub(r"^\s*(?:is|are|was|were|does|do|did|has|have|the|a|an|how)\b", "", rest)
    rest = re.sub(r"^\s*names? of (?:the )?", "", rest)
    head = _FOCUS_ENDS.split(rest, maxsplit=1)[0]
    return stems(head) or stems(rest)[:1]


def read_answer(question: str, found: Sequence[Field], last: int) -> Reading | None:
    """The likeliest value among the results, None where nothing speaks for any.

    Args:
        question: The question.
        found: All values.
        last: Number of the call that was made for it; what this one brought counts more.
    """
    wanted, rest = focus(question), set(stems(question))
    low = f" {' '.join(words(question))} "
    records = [one.record for one in found if one.call == last]
    best = superlative(records, question)
    readings = []
    for one in found:
        keys = set(stems(one.key))
        score = sum(3.0 - 0.5 * at for at, word in enumerate(wanted[:4]) if word in keys) + len(keys & rest)
        fits = _fits(question, one)
        asked = score + fits >= 1.5
        score += fits + (1.5 if one.call == last else 0.1 * one.call) - 0.05 * one.position
        score += min(overlap(one.record, question), 6.0) / 3 + (4.0 if one.record is best else 0.0)
        score -= 4.0 if f" {' '.join(words(str(one.value)))} " in low else 0.0
        readings.append(Reading(one, score, asked))
    likely = [one for one in readings if one.asked] or [one for one in readings if one.field.key in _NAMES]
    return max(likely, key=lambda one: one.score, default=None)


def _fits(question: str, field: Field) -> float:
    """How well a value fits the question word; less than 0 where it cannot be the answer."""
    wish = next((one for one in _WISHES if one.word.search(question)), None)
    if wish is None:
        return 0.0
    if not wish.shape.fullmatch(str(field.value)):
        return -4.0 if wish.only else 0.0
    if set(stems(field.key)) & wish.keys:
        return 1.75
    return 0.5 if wish.keys else 1.0


def is_id(key: str) -> bool:
    """Whether a value's name says that it stands for something else."""
    return words(key)[-1:] == ["id"]


def behind(id_field: Field, found: Sequence[Field]) -> str | None:
    """The name of what an id stands for, from its own record or from another that begins with it."""
    records = [id_field.record, *(one.record for one in found if one.value == id_field.value)]
    for record in records:
        first, names = next(iter(record)), [str(record[one]) for one in _NAMES if one in record]
        if record[first] == id_field.value and names:
            return names[0]
    return None


def said(value: Any) -> str:
    """A value as an answer."""
    return value if isinstance(value, str) else json.dumps(value)


def summary(record: Mapping[str, Any]) -> str:
    """What a call that changed something has come to."""
    return "; ".join(f"{key}: {said(value)}" for key, value in record.items() if not isinstance(value, list | dict))
