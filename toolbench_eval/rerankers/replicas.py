"""Copies of one model on several devices."""

from __future__ import annotations

import queue
from collections.abc import Sequence

from toolbench_eval.rerankers.scoring import Encoded, Floats, Pair, PairModel


class Replicas:
    """Copies of a model, each of which scores a batch at a time; several threads may ask at once."""

    def __init__(self, copies: Sequence[PairModel]) -> None:
        """Set the copies, at least one."""
        self._first = copies[0]
        self._free: queue.SimpleQueue[PairModel] = queue.SimpleQueue()
        for copy in copies:
            self._free.put(copy)

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs as token ids; needs no device."""
        return self._first.encode(pairs)

    def score(self, batch: Sequence[Encoded]) -> Floats:
        """The scores, by a copy that is free; waits for one."""
        copy = self._free.get()
        try:
            return copy.score(batch)
        finally:
            self._free.put(copy)
