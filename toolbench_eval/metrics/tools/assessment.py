"""Scores of a model as a judge: the seven rating words of 360°REA, and its criteria from 1 to 20.

Source: 360°REA (Gao et al., Findings of ACL 2024), released notebooks. Each criterion is judged several times; the
result is the mean times five, on a scale from 5 to 100.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

RATINGS = ("Extremely poor", "Very bad", "Poor", "Fair", "Good", "Very good", "Excellent")
"""From worst to best. 360°REA never makes numbers of them; here they stand for 1 to 7, an ordinal scale of our own:
only order has a meaning, so compare them by ranks or by medians."""

LEAST, MOST, SCALE = 1, 20, 5

_WORDS = re.compile(r"\b(" + "|".join(sorted(RATINGS, key=len, reverse=True)) + r")\b", re.IGNORECASE)
_ORDINAL = {word.lower(): place for place, word in enumerate(RATINGS, 1)}
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


@dataclass(frozen=True)
class Criterion:
    """A criterion over all calls of a judge.

    Attributes:
        mean: Mean over the calls that gave a value, from 5 to 100; NaN if none did.
        deviation: Standard deviation of those values (as a population), on the same scale.
        missing: Number of calls without a usable value.
    """

    mean: float
    deviation: float
    missing: int


def rating(text: str) -> int | None:
    """The first rating word in a text as a number from 1 to 7, or None; the longer of two words counts."""
    found = _WORDS.search(text)
    return _ORDINAL[found[1].lower()] if found else None


def criteria_released(replies: Sequence[str], number: int) -> list[float]:
    """Scores of the criteria as the released code has them, from 0 to 100.

    The first integers of a reply are taken by position, whatever they count (``1.`` of a list too); values above 20
    are left out of the sum, but the sum is divided by the number of replies.

    Args:
        replies: What the judge wrote in each call.
        number: Number of criteria.
    """
    scores = [0.0] * number
    for reply in replies:
        for at, value in enumerate(map(int, re.findall(r"\d+", reply)[:number])):
            scores[at] += value if value <= MOST else 0
    return [SCALE * score / len(replies) for score in scores] if replies else scores


def criteria(replies: Sequence[str], names: Sequence[str]) -> dict[str, Criterion]:
    """Scores of the criteria by name; what a reply does not give, or gives outside 1 to 20, is missing and counted.

    Args:
        replies: What the judge wrote in each call: a JSON object, or lines such as ``2. Name: 17/20``.
        names: The criteria.
    """
    read = [criterion_values(reply, names) for reply in replies]
    return {name: _criterion([values[name] for values in read]) for name in names}


def criterion_values(reply: str, names: Sequence[str]) -> dict[str, int | None]:
    """What one reply gives each criterion, from 1 to 20, or None."""
    given = _from_json(reply)
    found = {}
    for name in names:
        value = given.get(name.lower()) if given else _from_lines(reply, name)
        found[name] = value if value is not None and LEAST <= value <= MOST else None
    return found


def _from_json(reply: str) -> dict[str, int | None]:
    braces = _OBJECT.search(reply)
    try:
        decoded = json.loads(braces[0]) if braces else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(decoded, dict):
        return {}
    return {
        str(name).lower(): value if isinstance(value, int) and not isinstance(value, bool) else None
        for name, value in decoded.items()
    }


def _from_lines(reply: str, name: str) -> int | None:
    pattern = rf"{re.escape(name)}[^\d\n]*?(?:\({LEAST}-{MOST}\)[^\d\n]*?)?(\d+)"
    found = re.search(pattern, reply, re.IGNORECASE)
    return int(found[1]) if found else None


def _criterion(values: Sequence[int | None]) -> Criterion:
    given = [SCALE * value for value in values if value is not None]
    if not given:
        return Criterion(float("nan"), float("nan"), len(values))
    return Criterion(fmean(given), pstdev(given), len(values) - len(given))
