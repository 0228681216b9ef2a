"""Holding a candidate against its baseline: quality by a paired test, and what it cost."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np

from toolbench_eval.comparison.budget import Budget, check_budget
from toolbench_eval.comparison.comparable import System, Terms, load_systems
from toolbench_eval.comparison.gate import Evidence, Gate, Rule, Verdict, detectable, judge
from toolbench_eval.comparison.prepare import Prepared, check_numbers, notes, prepare
from toolbench_eval.comparison.significance import Method, compare_pairs, differences, holm


@dataclass(frozen=True)
class Checked:
    """What a check came to.

    Attributes:
        candidate: Label of the candidate.
        baseline: Label of the baseline.
        suite: Their suite.
        measure: What was gated.
        method: How it was tested, in words.
        gates: All gates, the headline first.
        overruled: Why the results are not comparable, where `--force` went on; else empty.
        notes: What else one should know.
    """

    candidate: str
    baseline: str
    suite: str
    measure: str
    method: str
    gates: tuple[Gate, ...]
    overruled: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def stopped(self) -> list[Gate]:
        """The gates that fail the check."""
        return [gate for gate in self.gates if gate.stops]

    @property
    def verdict(self) -> Verdict:
        """Of all gates together."""
        found = {gate.verdict for gate in self.gates}
        if self.stopped:
            return Verdict.FAILED
        return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in found else Verdict.PASSED

    @property
    def summary(self) -> str:
        """One line: the first reason to fail, and how many more there are."""
        if not self.stopped:
            return f"{self.verdict}: {self.candidate} against {self.baseline}, {self.gates[0].reason}"
        first, *others = self.stopped
        more = f" (and {len(others)} more)" if others else ""
        return f"{self.candidate} fails against {self.baseline}: {first.name}: {first.reason}{more}"


def load_both(
    candidate: str | os.PathLike[str],
    baseline: str | os.PathLike[str],
    *,
    task: str | None = None,
    instruction: str | None = None,
) -> tuple[System, System]:
    """Read candidate and baseline; arguments and errors as `load_systems`.

    Two results of one model are told apart by what they are here for.
    """
    both = load_systems([candidate, baseline], task=task, instruction=instruction)
    new, base = both
    if new.result.system != base.result.system:
        return new, base
    model = new.result.system
    return replace(new, label=f"{model} (candidate)"), replace(base, label=f"{model} (baseline)")


def check(
    candidate: System,
    baseline: System,
    *,
    metric: str | None = None,
    terms: Terms | None = None,
    rule: Rule | None = None,
    budget: Budget | None = None,
    method: Method | None = None,
) -> Checked:
    """Check a candidate against a baseline.

    Args:
        candidate: The result in question.
        baseline: The one it is held against.
        metric: What to gate; None for the headline's measure of the baseline.
        terms: What may differ.
        rule: When its quality fails.
        budget: What it may cost.
        method: The test; its level and side are set here.

    Raises:
        UsageError: The results are not comparable, or an argument is out of range.
        DataError: A file is not what its result says.
    """
    terms, rule, method = terms or Terms(), rule or Rule(), method or Method()
    check_numbers(rule.alpha, method.draws)
    ready = prepare((baseline, candidate), metric, terms)
    method = replace(method, side="lower", level=1 - 2 * rule.alpha)
    return Checked(
        candidate=candidate.label,
        baseline=baseline.label,
        suite=baseline.result.suite,
        measure=ready.measure,
        method=_described(rule, method),
        gates=(*_gates(ready, rule, method), *check_budget(candidate, baseline, budget or Budget())),
        overruled=ready.overruled,
        notes=tuple(notes((baseline, candidate), ready.aligned.tasks)),
    )


def _gates(ready: Prepared, rule: Rule, method: Method) -> tuple[Gate, ...]:
    lines = [line for at, line in enumerate(ready.weightings) if at == 0 or (rule.per_task and line.kind == "task")]
    weights, paired = np.stack([line.weights for line in lines]), ready.aligned.paired
    pair = np.array([[1, 0]])
    found, outcome = differences(paired, weights, pair), compare_pairs(paired, weights, pair, method)
    adjusted, values = holm(outcome.p[:, 0]), weights @ paired.means.T
    gates = []
    for at, line in enumerate(lines):
        ends = (float(outcome.low[at, 0]), float(outcome.high[at, 0]))
        evidence = Evidence(float(found.delta[at, 0]), float(found.error[at, 0]), *ends, float(adjusted[at]))
        verdict, stops, reason = judge(rule, evidence)
        numbers = {
            "baseline": float(values[at, 0]),
            "candidate": float(values[at, 1]),
            "delta": evidence.delta,
            "low": evidence.low,
            "high": evidence.high,
            "p": evidence.p,
            "detectable": detectable(rule, evidence.error),
        }
        gates.append(Gate(f"{ready.measure} {line.name}", verdict, stops, reason, numbers))
    return tuple(gates)


def _described(rule: Rule, method: Method) -> str:
    words = {"permutation": "sign-flip permutation test", "t": "paired t-test", "bootstrap": "paired bootstrap test"}
    rules = [] if rule.allowed is None else [f"fails on a significant drop of more than {rule.allowed:g}"]
    if rule.non_inferiority is not None:
        rules.append(f"fails unless a drop of {rule.non_inferiority:g} is excluded")
    family = ", Holm's correction over headline and tasks" if rule.per_task else ""
    return f"{'; '.join(rules)}; one-sided {words[method.test]}, alpha {rule.alpha:g}{family}"
