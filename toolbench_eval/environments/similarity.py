"""How alike the arguments of two calls are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from toolbench_eval.environments.base import Json, canonical


def similarity(left: Mapping[str, Any], right: Mapping[str, Any]) -> float:
    """Mean likeness of the values over all names that either has, 0 to 1; two calls without arguments are the same.

    A name that only one has counts 0. Two equal JSON values count 1. Two strings count the Dice coefficient of their
    character pairs, upper and lower case alike (Dice 1945): twice the shared pairs over all pairs. Other values that
    differ count 0: a number near another is another city's id.
    """
    names = left.keys() | right.keys()
    if not names:
        return 1.0
    return sum(_likeness(left[name], right[name]) for name in names if name in left and name in right) / len(names)


def _likeness(left: Json, right: Json) -> float:
    if canonical(left) == canonical(right):
        return 1.0
    if isinstance(left, str) and isinstance(right, str):
        return _dice(_pairs(left), _pairs(right))
    return 0.0


def _pairs(text: str) -> Counter[str]:
    folded = f" {' '.join(text.casefold().split())} "
    return Counter(folded[at : at + 2] for at in range(len(folded) - 1))


def _dice(left: Counter[str], right: Counter[str]) -> float:
    return 2 * (left & right).total() / (left.total() + right.total())
