"""Counting what language models are asked, what they use and what it costs."""

from __future__ import annotations

import threading
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from toolbench_eval.llms.base import Usage

PRICES = Path(__file__).parent / "prices.toml"


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float = 0.0

    def of(self, usage: Usage) -> float:
        """Dollars for a usage."""
        return (usage.input_tokens * self.input + usage.output_tokens * self.output) / 1e6


@cache
def price_of(model: str) -> Price | None:
    """The list price of a model, None where it is not known: an unknown price is not 0."""
    with PRICES.open("rb") as file:
        prices = tomllib.load(file)["models"]
    return Price(**prices[model]) if model in prices else None


@dataclass
class Meter:
    """Adds up calls, faults, tokens and dollars; safe for threads.

    `calls` were answered by the model now, `cached` by the response cache. Tokens and dollars are those of all answers
    used, `spent` (dollars) only those of calls made now.
    """

    price: Price | None = None
    counts: Counter[str] = field(default_factory=Counter)
    waited: float = 0.0
    usage: Usage = field(default_factory=Usage)
    spent: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answered(self, usage: Usage | None, *, cached: bool) -> None:
        """Count an answer."""
        with self._lock:
            self.counts["cached" if cached else "calls"] += 1
            if usage is None:
                self.counts["without_usage"] += 1
                return
            self.usage += usage
            if self.price is not None and not cached:
                self.spent += self.price.of(usage)

    def count(self, what: str, times: int = 1) -> None:
        """Count anything else: a fault, a retry, a repair."""
        with self._lock:
            self.counts[what] += times

    def wait(self, seconds: float) -> None:
        """Count time that was spent waiting for the endpoint to be willing again."""
        with self._lock:
            self.waited += seconds

    @property
    def dollars(self) -> float | None:
        """What all answers cost, None if a price or a usage is not known."""
        if self.price is None or self.counts["without_usage"]:
            return None
        return self.price.of(self.usage)

    def report(self) -> dict[str, float]:
        """The sums as a result records them; `usd` and `usd_spent_now` are absent where the cost is not known."""
        sums = {name: float(count) for name, count in sorted(self.counts.items()) if count}
        sums |= {"input_tokens": float(self.usage.input_tokens), "output_tokens": float(self.usage.output_tokens)}
        if self.waited:
            sums["seconds_waited"] = round(self.waited, 3)
        if self.dollars is not None:
            sums |= {"usd": round(self.dollars, 6), "usd_spent_now": round(self.spent, 6)}
        return sums
