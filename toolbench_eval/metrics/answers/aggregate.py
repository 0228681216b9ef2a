"""From questions to a data set: the denominator is always the gold questions."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from toolbench_eval.errors import DataError


def mean_over_gold(
    scores: Mapping[str, Mapping[str, float]], gold_ids: Collection[str], names: Collection[str]
) -> dict[str, float]:
    """Mean of each measure over all gold questions; a missing question or measure counts 0.

    The rule of every evaluator here. Predictions for questions that are not in the gold are ignored, as HotpotQA's
    evaluator does.

    Args:
        scores: Question id -> measure -> value.
        gold_ids: Ids of the gold questions.
        names: Measures wanted.

    Raises:
        DataError: There is no gold question.
    """
    if not gold_ids:
        raise DataError("no gold questions: a mean over nothing is undefined")
    rows = [scores.get(question, {}) for question in gold_ids]
    return {name: math.fsum(row.get(name, 0.0) for row in rows) / len(rows) for name in names}


def missing(scores: Mapping[str, Mapping[str, float]], gold_ids: Collection[str]) -> list[str]:
    """Gold questions without a prediction, in their order; they score 0 and are reported, never dropped."""
    return [question for question in gold_ids if question not in scores]
