"""Whether an agent gets anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.agents.shared.parsing import folded
from toolbench_eval.data.passages import Passage


class Progress:
    """What was asked so far, and what came of it: the same again is no progress."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, tuple[str, ...]]] = set()

    def stalled(self, asked: str, passages: Sequence[Passage]) -> bool:
        """Whether this query, case and white space aside, has brought exactly these passages before."""
        return self.repeated(asked, *(passage.id for passage in passages))

    def repeated(self, asked: str, *came: str) -> bool:
        """Whether this was asked before, and just this came of it."""
        step = folded(asked), came
        known = step in self._seen
        self._seen.add(step)
        return known
