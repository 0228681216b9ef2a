"""Wall-clock seconds of named phases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Timing:
    """Adds up the time spent in each phase, and what was searched in it.

    Attributes:
        seconds: Seconds of each phase.
        searched: Queries that were searched by this process.
        started: When it began.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    searched: int = 0
    started: float = field(default_factory=time.perf_counter)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the block's time for a phase; blocks of one name add up."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin

    @property
    def queries_per_second(self) -> float:
        """Rate of the search phase, 0 where nothing was searched."""
        seconds = self.seconds.get("search", 0.0)
        return round(self.searched / seconds, 1) if seconds else 0.0

    def report(self) -> dict[str, float]:
        """Seconds of each phase in the order of the pipeline, and the total since the start."""
        names = dict.fromkeys(("load", "index", "search", "score", "write", *self.seconds))
        phases = {name: round(self.seconds.get(name, 0.0), 3) for name in names}
        return {**phases, "total": round(time.perf_counter() - self.started, 3)}
