"""Exact match, F1, precision and recall of one prediction, and how several of them become a joint score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Scores:
    """Four fractions of one answer, support or evidence prediction."""

    em: float
    f1: float
    precision: float
    recall: float

    def named(self, prefix: str = "") -> dict[str, float]:
        """The four by their names in results, e.g. `sp_EM` with the prefix `sp_`."""
        values = {"EM": self.em, "F1": self.f1, "precision": self.precision, "recall": self.recall}
        return {prefix + name: value for name, value in values.items()}


NOTHING = Scores(0.0, 0.0, 0.0, 0.0)
PERFECT = Scores(1.0, 1.0, 1.0, 1.0)


def harmonic(precision: float, recall: float) -> float:
    """F1 = 2PR / (P + R), 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def share(part: float, whole: float) -> float:
    """A quotient, 0 where there is nothing to divide by."""
    return part / whole if whole else 0.0


def joint(*parts: Scores | None) -> Scores:
    """The joint score: precisions, recalls and exact matches multiplied, F1 from the two products.

    After the HotpotQA evaluator (Yang et al. 2018, section 5.1: answer x support) and that of 2WikiMultihopQA
    (Ho et al. 2020: answer x support x evidence).

    Args:
        parts: Scores of the parts, None for a part that was not predicted: the item then adds nothing, and the
            denominator stays.
    """
    em = precision = recall = 1.0
    for part in parts:
        if part is None:
            return NOTHING
        em, precision, recall = em * part.em, precision * part.precision, recall * part.recall
    return Scores(em, harmonic(precision, recall), precision, recall)


def named_parts(parts: Mapping[str, Scores | None]) -> dict[str, float]:
    """Scores by prefix as one flat mapping; a part that was not predicted scores 0."""
    return {name: value for prefix, part in parts.items() for name, value in (part or NOTHING).named(prefix).items()}
