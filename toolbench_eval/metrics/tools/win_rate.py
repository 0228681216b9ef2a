"""Win rates of ToolBench and StableToolBench (SoWR): a rule where the runs differ in status, else a judge.

Source: ToolEval, `eval_preference.py` and `registered_cls/rtl.py` of OpenBMB/ToolBench. The swap of positions that
the reference means to make is switched off there by a condition that always holds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from toolbench_eval.metrics.tools.toolbench import Answer

Better = Callable[[Any, Any], int]
"""A judge of two answers in the order given: 0 if it prefers the first, 1 if the second."""


class Outcome(StrEnum):
    """How a candidate fares against a reference."""

    WIN = "win"
    TIE = "tie"
    LOSS = "loss"


@dataclass(frozen=True)
class Run:
    """A run to compare.

    Attributes:
        answer: What the judge sees, final answer and steps.
        status: What a judge said of the answer.
        passed: Whether the run passed, or None if that was not judged.
    """

    answer: Any
    status: Answer
    passed: bool | None = None


@dataclass(frozen=True)
class WinRate:
    """Shares of wins, ties and losses; they sum to 1 over at least one task."""

    win: float
    tie: float
    loss: float

    @property
    def rate(self) -> float:
        """Share of wins, a tie as half of one."""
        return self.win + self.tie / 2


def by_rule(candidate: Run | None, reference: Run | None) -> Outcome | None:
    """What the runs' status decides, or None if a judge has to.

    If exactly one passed, it wins; a missing run loses; if exactly one is solved, it wins; if none is and exactly one
    is unsure, that one wins. Two missing runs tie.
    """
    if candidate is None or reference is None:
        return _ordered(candidate is not None, reference is not None) or Outcome.TIE
    if None not in (candidate.passed, reference.passed) and candidate.passed != reference.passed:
        return _ordered(bool(candidate.passed), bool(reference.passed))
    for status in (Answer.SOLVED, Answer.UNSURE):
        have = (candidate.status is status, reference.status is status)
        if any(have):
            return _ordered(*have)
    return None


def compare(candidate: Run | None, reference: Run | None, better: Better) -> Outcome:
    """One comparison: the rule, else the judge in both orders; where its two answers disagree, a tie.

    Equal answers tie without a judge. A judge that always prefers the first answer thus gives a rate of one half.
    """
    decided = by_rule(candidate, reference)
    if decided is not None or candidate is None or reference is None:
        return decided or Outcome.TIE
    if candidate.answer == reference.answer:
        return Outcome.TIE
    wins = [better(candidate.answer, reference.answer) == 0, better(reference.answer, candidate.answer) == 1]
    return Outcome.TIE if wins[0] != wins[1] else _ordered(wins[0], not wins[0]) or Outcome.TIE


def compare_released(candidate: Run | None, reference: Run | None, better: Better, coin: random.Random) -> Outcome:
    """One comparison as the reference makes it: always the reference run first; equal answers by a coin flip.

    Args:
        candidate: The run that may win.
        reference: The run it is compared with; if both are missing, the candidate wins.
        better: The judge.
        coin: Seeded; the reference's is not.
    """
    if reference is None:
        return Outcome.WIN
    decided = by_rule(candidate, reference)
    if decided is not None or candidate is None:
        return decided or Outcome.LOSS
    if candidate.answer == reference.answer:
        return Outcome.WIN if coin.random() < 0.5 else Outcome.LOSS
    return Outcome.WIN if better(reference.answer, candidate.answer) == 1 else Outcome.LOSS


def majority(rounds: Sequence[Outcome]) -> Outcome:
    """The outcome of several rounds: more wins than losses win; ties of a round count for neither."""
    counted = Counter(rounds)
    return _ordered(counted[Outcome.WIN], counted[Outcome.LOSS]) or Outcome.TIE


def win_rate(outcomes: Sequence[Outcome]) -> WinRate:
    """Shares over tasks; all 0 if there are none."""
    number = len(outcomes) or 1
    return WinRate(*(outcomes.count(kind) / number for kind in (Outcome.WIN, Outcome.TIE, Outcome.LOSS)))


def _ordered(candidate: int, reference: int) -> Outcome | None:
    if candidate == reference:
        return None
    return Outcome.WIN if candidate > reference else Outcome.LOSS
