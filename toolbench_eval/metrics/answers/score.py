"""One answer, all its measures."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.metrics.answers.containment import acc_contain, acc_strict, acc_token
from toolbench_eval.metrics.answers.length import words
from toolbench_eval.metrics.answers.normalise import empty_golds
from toolbench_eval.metrics.answers.overlap import answer_scores, references
from toolbench_eval.metrics.answers.profiles import Profile


def score_answer(prediction: str, golds: Sequence[str], profile: Profile) -> dict[str, float]:
    """All measures of one answer under the rules of one evaluator.

    Args:
        prediction: The answer as the system gave it; an empty string where it gave none.
        golds: Acceptable answers, the main one first.
        profile: Whose rules.

    Returns:
        `EM`, `F1`, `precision`, `recall`, `acc_contain`, `acc_token`, `acc_strict`; `empty_gold`, 1 where a gold
        that counts normalises to nothing; `prediction_words`, which belongs beside accuracy by containment.

    Raises:
        DataError: There is no gold.
    """
    rules = profile.rules
    return {
        **answer_scores(prediction, golds, rules).named(),
        "acc_contain": acc_contain(prediction, golds, rules),
        "acc_token": acc_token(prediction, golds, rules),
        "acc_strict": acc_strict(prediction, golds, rules),
        "empty_gold": float(bool(empty_golds(references(golds, rules), rules.containment))),
        "prediction_words": float(words(prediction)),
    }
