"""The rule of the gate: when a candidate is worse than its baseline, so that noise does not trip it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from toolbench_eval.errors import UsageError

POWER = 0.8
"""The smallest drop that is found this often is printed, so that one sees what a gate can see."""

ROUNDING = 1e-9
"""A drop may exceed what is allowed by this: 0.6 - 0.55 is a bit more than 0.05 in binary."""


class Verdict(StrEnum):
    """What a gate says. Inconclusive: it looks worse, but the queries do not tell it from noise."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Rule:
    """When a candidate's quality fails.

    Attributes:
        max_drop: Fail when the drop is significant and its estimate exceeds this. None stands for 0, and for no such
            rule where `non_inferiority` is given.
        non_inferiority: Fail unless the one-sided interval of the difference excludes a drop of this.
        alpha: One-sided level of the tests and of the interval.
        per_task: Gate every task, too. Headline and tasks are one family (Holm), so that the check as a whole
            keeps alpha; the non-inferiority reading needs no correction, since all have to pass.
    """

    max_drop: float | None = None
    non_inferiority: float | None = None
    alpha: float = 0.05
    per_task: bool = False

    def __post_init__(self) -> None:
        """Refuse limits that make no sense.

        Raises:
            UsageError: A limit is out of range.
        """
        if self.max_drop is not None and not 0 <= self.max_drop < float("inf"):
            raise UsageError(f"--max-drop must be a number from 0 up, found {self.max_drop}")
        if self.non_inferiority is not None and not 0 < self.non_inferiority < float("inf"):
            raise UsageError(f"--non-inferiority must be a number above 0, found {self.non_inferiority}")

    @property
    def allowed(self) -> float | None:
        """The drop that is allowed, None where only non-inferiority counts."""
        if self.max_drop is None:
            return None if self.non_inferiority is not None else 0.0
        return self.max_drop


@dataclass(frozen=True)
class Evidence:
    """What is known of one number.

    Attributes:
        delta: Candidate minus baseline.
        error: Its standard error.
        low: One-sided lower bound of `delta` at the rule's level.
        high: One-sided upper bound.
        p: One-sided p-value of a drop, corrected for the number of gates.
    """

    delta: float
    error: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Gate:
    """One gate and what came of it.

    Attributes:
        name: What is gated: a measure and a line, or a budget.
        verdict: What it says.
        stops: Whether it fails the check: a failed gate does, an inconclusive one only where non-inferiority is asked.
        reason: One sentence.
        values: The numbers behind it.
    """

    name: str
    verdict: Verdict
    stops: bool
    reason: str
    values: dict[str, float]


def judge(rule: Rule, evidence: Evidence) -> tuple[Verdict, bool, str]:
    """Apply the rule: the verdict, whether it stops, and why."""
    if rule.allowed is not None:
        verdict, reason = _drop(rule.allowed, rule.alpha, evidence)
        if verdict is Verdict.FAILED or rule.non_inferiority is None:
            return verdict, verdict is Verdict.FAILED, reason
    verdict, reason = _non_inferiority(float(rule.non_inferiority or 0), evidence)
    return verdict, verdict is not Verdict.PASSED, reason


def detectable(rule: Rule, error: float) -> float:
    """The drop that the rule finds four times in five, by the normal approximation."""
    bar = max(NormalDist().inv_cdf(1 - rule.alpha) * error, rule.allowed or 0.0)
    return bar + NormalDist().inv_cdf(POWER) * error


def _drop(allowed: float, alpha: float, evidence: Evidence) -> tuple[Verdict, str]:
    drop = -evidence.delta
    if drop <= allowed + ROUNDING:
        return Verdict.PASSED, _change(evidence)
    if evidence.p <= alpha:
        beyond = f", more than the {allowed:g} allowed" if allowed else ""
        return Verdict.FAILED, f"a drop of {drop:.4f}{beyond}; p {evidence.p:.4f}"
    return Verdict.INCONCLUSIVE, f"lower by {drop:.4f}, which may be noise; p {evidence.p:.4f}"


def _non_inferiority(margin: float, evidence: Evidence) -> tuple[Verdict, str]:
    if evidence.low > -margin:
        return Verdict.PASSED, f"{_change(evidence)}; a drop of {margin:g} is excluded (at worst {evidence.low:+.4f})"
    if evidence.high <= -margin:
        return Verdict.FAILED, f"a drop of {margin:g} or more (at best {evidence.high:+.4f})"
    return (
        Verdict.INCONCLUSIVE,
        f"a drop of {margin:g} is not excluded ({_change(evidence)}, at worst {evidence.low:+.4f})",
    )


def _change(evidence: Evidence) -> str:
    return f"changed by {evidence.delta:+.4f}" if evidence.delta else "unchanged"
