"""The order in which tools are listed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.evaluation.solving.tools.offers import Offers, gold_names
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.study.arranged import rearranged

FACTOR = "tool-order"
RELEASED, SHUFFLE = "released", "shuffle"
ORDERS = (RELEASED, "reversed", "gold-first", "gold-last", SHUFFLE)
"""`released`: as the record lists the tools; in the next three the others keep that order; `shuffle` is drawn by its
own seed, from the names in alphabetical order."""


@dataclass(frozen=True)
class ToolOrder:
    """The tools of every problem are listed in this order.

    Attributes:
        order: One of `ORDERS`.
        seed: Seed of `shuffle`.
    """

    order: str
    seed: int = 0

    @property
    def setting(self) -> Mapping[str, Any]:
        """Order and seed."""
        return {"factor": FACTOR, "level": self.order, "seed": self.seed}

    def work(self, work: Work) -> Work:
        """The task with its tools in this order.

        Raises:
            UsageError: It has no tools.
        """
        return rearranged(work, FACTOR, order=RELEASED, arrangement=self)

    def names(self, offers: Offers, problem: ToolProblem, names: Sequence[str]) -> list[str]:
        """The same names in this order."""
        if self.order == "reversed":
            return list(names)[::-1]
        if self.order == SHUFFLE:
            shuffled = sorted(names)
            random.Random(f"{self.seed}/{FACTOR}/{problem.id}").shuffle(shuffled)  # noqa: S311 - drawn to be drawn again
            return shuffled
        place = {"gold-first": -1, "gold-last": 1}.get(self.order, 0)
        gold = set(gold_names(problem))
        return sorted(names, key=lambda name: place * (name in gold))
