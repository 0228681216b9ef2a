"""How long answers are: accuracy by containment rises with length, so the mean length stands beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median

from toolbench_eval.errors import DataError


@dataclass(frozen=True)
class Lengths:
    """Words of the answers of a run.

    Attributes:
        answers: How many.
        empty: How many of them hold no word.
        mean: Words of an answer, on average.
        median: Words of the middle answer.
        longest: Words of the longest answer.
    """

    answers: int
    empty: int
    mean: float
    median: float
    longest: int


def words(prediction: str) -> int:
    """Words of an answer as it stands, split at white space."""
    return len(prediction.split())


def lengths(predictions: Iterable[str]) -> Lengths:
    """Statistics of the lengths of answers.

    Raises:
        DataError: There is no answer.
    """
    counts = [words(prediction) for prediction in predictions]
    if not counts:
        raise DataError("no predictions: the mean length of nothing is undefined")
    return Lengths(len(counts), counts.count(0), fmean(counts), float(median(counts)), max(counts))
