"""What models used: calls, tokens, dollars, repairs; sums over parts, and differences over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toolbench_eval.rerankers.base import Metered

Cost = dict[str, float]
_DIGITS = 6
"""Decimal places: those of dollars and seconds in a meter's report."""


def cost_of(part: object) -> Cost:
    """What something used so far; empty where it is not metered."""
    return dict(part.cost) if isinstance(part, Metered) else {}


def added(costs: Iterable[Mapping[str, float]]) -> Cost:
    """The sums, name by name."""
    sums: Cost = {}
    for cost in costs:
        for name, value in cost.items():
            sums[name] = round(sums.get(name, 0.0) + value, _DIGITS)
    return sums


def since(before: Mapping[str, float], now: Mapping[str, float]) -> Cost:
    """What came to it between two looks at a meter."""
    return {name: round(value - before.get(name, 0.0), _DIGITS) for name, value in now.items()}
