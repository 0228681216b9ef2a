"""Gates on what a result cost: time, money, size of the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toolbench_eval.comparison.comparable import System
from toolbench_eval.comparison.gate import Gate, Verdict
from toolbench_eval.errors import DataError, UsageError

MACHINE = ("processor", "cores", "platform")
"""What must be the same of two machines before their times say anything."""


@dataclass(frozen=True)
class Budget:
    """Limits; None for no limit.

    Attributes:
        max_latency_ratio: Most the seconds of search a query may grow by, as a factor of the baseline's.
        latency_floor: Milliseconds a query: a growth by less never fails, since clocks are no finer.
        max_cost: Dollars that the candidate's run may have cost.
        max_index_bytes: Bytes that the candidate's index may have.
    """

    max_latency_ratio: float | None = None
    latency_floor: float = 1.0
    max_cost: float | None = None
    max_index_bytes: int | None = None

    def __post_init__(self) -> None:
        """Refuse limits that make no sense.

        Raises:
            UsageError: A limit is out of range.
        """
        limits = {
            "--max-latency-ratio": self.max_latency_ratio,
            "--latency-floor": self.latency_floor,
            "--max-cost": self.max_cost,
            "--max-index-bytes": self.max_index_bytes,
        }
        for name, value in limits.items():
            if value is not None and not 0 <= value < float("inf"):
                raise UsageError(f"{name} must be a number from 0 up, found {value}")


def check_budget(candidate: System, baseline: System, budget: Budget) -> list[Gate]:
    """Hold the candidate's execution against the limits.

    Raises:
        DataError: A result does not record what a limit is about.
    """
    return [*_latency(candidate, baseline, budget), *_cost(candidate, budget), *_index(candidate, budget)]


def _latency(candidate: System, baseline: System, budget: Budget) -> Iterator[Gate]:
    if budget.max_latency_ratio is None:
        return
    ours, theirs = (_milliseconds(system) for system in (candidate, baseline))
    numbers = {"candidate": ours, "baseline": theirs, "ratio": ours / theirs, "limit": budget.max_latency_ratio}
    text = f"{ours:.3g} ms a query against {theirs:.3g} ms, a factor of {ours / theirs:.2f}"
    if reason := _untimed(candidate, baseline):
        yield Gate("latency", Verdict.INCONCLUSIVE, False, f"{text}, but {reason}", numbers)
    elif ours <= theirs * budget.max_latency_ratio:
        yield Gate("latency", Verdict.PASSED, False, text, numbers)
    elif ours - theirs <= budget.latency_floor:
        yield Gate("latency", Verdict.PASSED, False, f"{text}, but less than {budget.latency_floor:g} ms", numbers)
    else:
        yield Gate("latency", Verdict.FAILED, True, f"{text}; allowed is {budget.max_latency_ratio:g}", numbers)


def _milliseconds(system: System) -> float:
    """Milliseconds of search a query."""
    speed = system.result.execution.queries_per_second
    if speed <= 0:
        raise DataError("no time of search is recorded", file=system.path, field="execution.queries_per_second")
    return 1000 / speed


def _untimed(candidate: System, baseline: System) -> str:
    """Why the times of two runs say nothing about each other; empty where they do."""
    for system in (candidate, baseline):
        if system.result.execution.resumed:
            return f"the run of {system.label} was resumed, so its time is that of a part"
    machines = [[system.result.execution.environment.get(key) for key in MACHINE] for system in (candidate, baseline)]
    return "" if machines[0] == machines[1] else "the machines differ: run both in one job"


def _cost(candidate: System, budget: Budget) -> Iterator[Gate]:
    if budget.max_cost is None:
        return
    cost = candidate.result.execution.cost.get("usd")
    if cost is None:
        raise DataError("no cost in dollars is recorded", file=candidate.path, field="execution.cost.usd")
    text = f"{cost:.4f} dollars, allowed are {budget.max_cost:g}"
    yield _limited("cost", text, cost, budget.max_cost)


def _index(candidate: System, budget: Budget) -> Iterator[Gate]:
    if budget.max_index_bytes is None:
        return
    size = candidate.result.execution.index_bytes
    text = f"{size:,} bytes, allowed are {budget.max_index_bytes:,}"
    if size == 0 and candidate.result.execution.resumed:
        values = {"limit": float(budget.max_index_bytes)}
        yield Gate("index size", Verdict.INCONCLUSIVE, False, "the run was resumed and records no index", values)
    else:
        yield _limited("index size", text, size, budget.max_index_bytes)


def _limited(name: str, text: str, value: float, limit: float) -> Gate:
    fits = value <= limit
    numbers = {"candidate": float(value), "limit": float(limit)}
    return Gate(name, Verdict.PASSED if fits else Verdict.FAILED, not fits, text, numbers)
