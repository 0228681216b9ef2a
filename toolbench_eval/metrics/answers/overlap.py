"""Exact match and token F1 of an answer, under the rules of different evaluators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.answers.normalise import Normaliser, normalise
from toolbench_eval.metrics.answers.scores import NOTHING, Scores, harmonic

CLOSED_ANSWERS = frozenset({"yes", "no", "noanswer"})
"""Answers of which HotpotQA's evaluator gives no partial credit."""


@dataclass(frozen=True)
class Rules:
    """How an evaluator scores an answer; none of it changes the prediction.

    Attributes:
        normaliser: Of exact match and F1.
        containment: Normaliser of the containment measures.
        closed_answers: F1 is 0 where one side is *yes*, *no* or *noanswer* and the other differs.
        empty_agrees: Two answers without tokens have F1 1 (MuSiQue); otherwise 0.
        independent: Precision, recall and F1 are each the best over the golds, so that they may come from different
            ones; otherwise all three belong to the gold with the best F1.
        single_reference: Only the first gold counts.
        strip_golds: Golds lose outer white space, and blank ones are no golds; a blank prediction scores 0 (KILT).
        empty_golds: What containment makes of a gold that normalises to nothing: `contained` in every prediction, as
            the reference implementations have it; or compared again with articles, and if need be punctuation, kept on
            both sides.
    """

    normaliser: Normaliser = "squad"
    containment: Normaliser = "squad"
    closed_answers: bool = False
    empty_agrees: bool = False
    independent: bool = False
    single_reference: bool = False
    strip_golds: bool = False
    empty_golds: Literal["contained", "kept"] = "kept"


def references(golds: Sequence[str], rules: Rules) -> tuple[str, ...]:
    """The golds that count under the rules.

    Raises:
        DataError: There is none: a question without an answer cannot be scored.
    """
    used = [gold.strip() for gold in golds if gold.strip()] if rules.strip_golds else list(golds)
    if not used:
        raise DataError("no gold answer: a question needs at least one to be scored", field="answers")
    return tuple(used[:1] if rules.single_reference else used)


def answer_scores(prediction: str, golds: Sequence[str], rules: Rules) -> Scores:
    """EM, F1, precision and recall of an answer, the best over the golds (Rajpurkar et al. 2016, section 6.1).

    With N the normaliser, EM is 1 where N(p) = N(g). With o the multiset overlap of the tokens, P = o / |tok(p)|,
    R = o / |tok(g)| and F1 = 2PR / (P + R), 0 where o = 0.

    Args:
        prediction: The answer as the system gave it.
        golds: Acceptable answers, the main one first.
        rules: Whose scoring.

    Raises:
        DataError: There is no gold.
    """
    used = references(golds, rules)
    if rules.strip_golds and not prediction.strip():
        return NOTHING
    answer = normalise(prediction, rules.normaliser)
    normalised = [normalise(gold, rules.normaliser) for gold in used]
    overlaps = [_overlap(answer, gold, rules) for gold in normalised]
    exact = float(answer in normalised)
    if rules.independent:
        f1, precision, recall = (max(values) for values in zip(*overlaps, strict=True))
    else:
        f1, precision, recall = max(overlaps)
    return Scores(exact, f1, precision, recall)


def _overlap(answer: str, gold: str, rules: Rules) -> tuple[float, float, float]:
    """F1, precision and recall of two normalised texts."""
    if rules.closed_answers and answer != gold and not CLOSED_ANSWERS.isdisjoint((answer, gold)):
        return 0.0, 0.0, 0.0
    said, wanted = answer.split(), gold.split()
    if rules.empty_agrees and not said and not wanted:
        return 1.0, 1.0, 1.0
    shared = (Counter(said) & Counter(wanted)).total()
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / len(said), shared / len(wanted)
    return harmonic(precision, recall), precision, recall
