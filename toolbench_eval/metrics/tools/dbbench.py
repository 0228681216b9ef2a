"""Answers of DBBench: values against gold values.

Source: `result_processor.py` of THUDM/AgentBench, `src/server/tasks/dbbench`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

TOLERANCE = 1e-2
"""Difference up to which two numbers are the same, as in the reference."""
NOTHING = {"", "none", "null", "undefined", "nan", "inf", "infinity", "-inf", "-infinity"}
"""What the reference takes for 0."""


def values_of(answer: str) -> list[Any]:
    """The values of a final answer that was given as text: a JSON list, else the text as the only value."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, list) else [answer.strip()]


def values_right(given: Sequence[Any], gold: Sequence[str]) -> float:
    """Whether the values are the gold ones, in any order, each as often, 0 or 1.

    Numbers are the same up to a hundredth; thousands separators and percent signs do not count; texts are compared
    without case. A missing value is no 0.
    """
    return float(_same([_read(value) for value in given], [_read(value) for value in gold]))


def values_right_released(given: Sequence[Any], gold: Sequence[str]) -> float:
    """The same as the reference has it: what is missing or infinite counts as 0, texts are compared with case.

    Of several texts each counts once, however often it is given.
    """
    answered, wanted = [_released(value) for value in given], [_released(value) for value in gold]
    numbers = all(_number(value) is not None for value in (*answered, *wanted))
    if numbers or len(answered) == len(wanted) == 1:
        return float(_same(answered, wanted))
    return float(set(answered) == set(wanted))


def _same(given: Sequence[str], gold: Sequence[str]) -> bool:
    """Greedy pairs of equal values; all must have a partner."""
    free = list(gold)
    for value in given:
        partner = next((one for one in free if _equal(value, one)), None)
        if partner is None:
            return False
        free.remove(partner)
    return not free


def _equal(left: str, right: str) -> bool:
    first, second = _number(left), _number(right)
    if left == right or first is None or second is None:  # equal texts first: inf - inf is no number
        return left == right
    return abs(first - second) <= TOLERANCE


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _bare(value: Any) -> str:
    text = str(value).strip().strip("'\"").removesuffix("%").strip()
    return text.replace(",", "")


def _read(value: Any) -> str:
    """A value as text that can be compared; a comma that separates no thousands stays."""
    text = " ".join(str("" if value is None else value).strip().strip("'\"").split()).casefold()
    bare = _bare(text)
    return bare if _number(bare) is not None and bare not in NOTHING else text


def _released(value: Any) -> str:
    text = _bare("" if value is None else value)
    return "0" if text.lower() in NOTHING else text
