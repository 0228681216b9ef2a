"""Several results beside each other: what differs, by how much, and whether that is more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolbench_eval.comparison.comparable import System, Terms
from toolbench_eval.comparison.groups import letters, rank_ranges
from toolbench_eval.comparison.lines import Kind
from toolbench_eval.comparison.moved import Library, Moved, most_moved
from toolbench_eval.comparison.prepare import Prepared, check_numbers, notes, prepare
from toolbench_eval.comparison.significance import (
    Differences,
    Method,
    Outcome,
    Paired,
    all_pairs,
    compare_pairs,
    differences,
    holm,
)
from toolbench_eval.metrics.segments import Bools, Ints

TIE = 1e-9
"""Scores of a query that differ by no more are a tie."""


@dataclass(frozen=True)
class Pair:
    """Two systems in one line.

    Attributes:
        first: Label of a system.
        second: Label of the other.
        delta: Value of the first minus value of the second.
        low: Lower end of the interval of `delta`.
        high: Its upper end.
        p: p-value, two-sided.
        p_holm: The same, corrected for the number of pairs.
        effect: `delta` in standard deviations of the queries' differences; None where they do not vary.
        wins: Queries for which the first is better.
        ties: Queries for which neither is.
        losses: Queries for which the second is better.
        significant: Whether `p_holm` is at most alpha.
    """

    first: str
    second: str
    delta: float
    low: float
    high: float
    p: float
    p_holm: float
    effect: float | None
    wins: int
    ties: int
    losses: int
    significant: bool


@dataclass(frozen=True)
class Line:
    """One number of every system.

    Attributes:
        name: An average, a category or a task.
        kind: Which of them.
        queries: Number of queries in it.
        values: Value of each system.
        groups: Letters of each system: those that share one are not separable.
        ranks: Best and worst rank that the tests leave open to each system.
        pairs: Every pair of systems once.
    """

    name: str
    kind: Kind
    queries: int
    values: tuple[float, ...]
    groups: tuple[str, ...]
    ranks: tuple[tuple[int, int], ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Named:
    """A system as the comparison records it."""

    label: str
    model: str
    model_revision: str | None
    instruction: str
    identity: str


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes:
        suite: Name of the suite.
        measure: What was compared.
        test: Name of the test.
        draws: Number of flips or resamples.
        seed: Seed of the draws.
        alpha: Level of the tests; the intervals cover 1 - alpha.
        across: The key of the task setting that may differ, if any.
        systems: The results, in the order given.
        headline: Name of the line that decides.
        lines: The headline, other averages, categories, tasks.
        moved: The queries that the systems differ most on.
        overruled: Why the results are not comparable, where `--force` went on; else empty.
        notes: What else one should know.
    """

    suite: str
    measure: str
    test: str
    draws: int
    seed: int
    alpha: float
    across: str | None
    systems: tuple[Named, ...]
    headline: str
    lines: tuple[Line, ...]
    moved: tuple[Moved, ...]
    overruled: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """Labels of the systems."""
        return [system.label for system in self.systems]

    @property
    def first(self) -> Line:
        """The headline's line."""
        return self.lines[0]


def compare(
    systems: Sequence[System],
    *,
    metric: str | None = None,
    terms: Terms | None = None,
    method: Method | None = None,
    alpha: float = 0.05,
    moved: int = 5,
    library: Library | None = None,
) -> Comparison:
    """Compare results over the tasks they share.

    Args:
        systems: At least two results.
        metric: What to compare; None for the headline's measure of the first.
        terms: What may differ.
        method: The test; its level and side are set here.
        alpha: Level of the tests.
        moved: Number of queries to show that moved most.
        library: Where their texts may be found.

    Raises:
        UsageError: The results are not comparable, or an argument is out of range.
        DataError: A file is not what its result says.
    """
    terms, method = terms or Terms(), replace(method or Method(), side="both", level=1 - alpha)
    check_numbers(alpha, method.draws)
    ready = prepare(systems, metric, terms)
    return Comparison(
        suite=systems[0].result.suite,
        measure=ready.measure,
        test=method.test,
        draws=method.draws,
        seed=method.seed,
        alpha=alpha,
        across=terms.across,
        systems=tuple(_named(system) for system in systems),
        headline=ready.weightings[0].name,
        lines=_tested(ready, [system.label for system in systems], method, alpha),
        moved=most_moved(ready.aligned, systems, moved, library),
        overruled=ready.overruled,
        notes=(*notes(systems, ready.aligned.tasks), *_coarse(len(systems), method, alpha)),
    )


def _coarse(systems: int, method: Method, alpha: float) -> list[str]:
    pairs = systems * (systems - 1) // 2
    if method.test == "t" or pairs / (method.draws + 1) <= alpha:
        return []
    return [f"{method.draws} draws cannot show significance among {pairs} pairs; raise --draws"]


def _tested(ready: Prepared, labels: list[str], method: Method, alpha: float) -> tuple[Line, ...]:
    paired, weights, pairs = ready.aligned.paired, ready.weights, all_pairs(len(labels))
    found = differences(paired, weights, pairs)
    outcome = compare_pairs(paired, weights, pairs, method)
    won, lost = _won(paired, pairs)
    values = weights @ paired.means.T
    lines = []
    for at, line in enumerate(ready.weightings):
        inside = line.weights > 0
        counts = np.stack([side[:, inside].sum(axis=1) for side in (won, lost)])
        queries = int(paired.sizes[inside].sum())
        tests = _pairs(at, labels, pairs, found, outcome, counts, queries, alpha)
        differ = _matrix(len(labels), pairs, np.array([test.significant for test in tests]))
        groups, ranks = tuple(letters(values[at], differ)), tuple(rank_ranges(values[at], differ))
        lines.append(Line(line.name, line.kind, queries, tuple(values[at].tolist()), groups, ranks, tests))
    return tuple(lines)


def _pairs(
    at: int,
    labels: list[str],
    pairs: Ints,
    found: Differences,
    outcome: Outcome,
    counts: Ints,
    queries: int,
    alpha: float,
) -> tuple[Pair, ...]:
    adjusted = holm(outcome.p[at])
    return tuple(
        Pair(
            first=labels[first],
            second=labels[second],
            delta=float(found.delta[at, one]),
            low=float(outcome.low[at, one]),
            high=float(outcome.high[at, one]),
            p=float(outcome.p[at, one]),
            p_holm=float(adjusted[one]),
            effect=None if np.isnan(found.effect[at, one]) else float(found.effect[at, one]),
            wins=int(counts[0, one]),
            ties=queries - int(counts[:, one].sum()),
            losses=int(counts[1, one]),
            significant=bool(adjusted[one] <= alpha),
        )
        for one, (first, second) in enumerate(pairs)
    )


def _won(paired: Paired, pairs: Ints) -> tuple[Ints, Ints]:
    """Queries of each task that the first, and that the second of each pair wins, shapes (pairs, tasks)."""
    won, lost = (np.empty((len(pairs), len(paired.sizes)), dtype=np.int64) for _ in range(2))
    for at, (first, second) in enumerate(pairs):
        delta = paired.values[first] - paired.values[second]
        won[at] = np.add.reduceat(delta > TIE, paired.bounds[:-1], dtype=np.int64)
        lost[at] = np.add.reduceat(delta < -TIE, paired.bounds[:-1], dtype=np.int64)
    return won, lost


def _matrix(systems: int, pairs: Ints, significant: Bools) -> Bools:
    differ = np.zeros((systems, systems), dtype=bool)
    differ[pairs[:, 0], pairs[:, 1]] = significant
    return differ | differ.T


def _named(system: System) -> Named:
    result = system.result
    setting = str(result.task_setting.get("instruction"))
    return Named(system.label, result.system, result.model_revision, setting, result.identity)
