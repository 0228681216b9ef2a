"""How many tools are on offer: the relevant ones alone, those of the record, or more."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.solving.tools.distractors import of_same_category
from toolbench_eval.evaluation.solving.tools.offers import RETRIEVED, Offers, gold_names
from toolbench_eval.evaluation.solving.tools.work import ToolWork
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.study.arranged import rearranged

FACTOR = "toolset-size"
Likeness = Literal["random", "near", "same", "category"]

_WORD = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True)
class ToolsetSize:
    """Every problem's toolset is cut down or grown.

    A toolset that grows holds all smaller ones of the same seed: what was added stays, and the tools of the record keep
    their order. New tools are other problems' tools of the same task.

    Attributes:
        level: As the study names it: `relevant`, `released`, `+10`, `+10:near`.
        more: Tools that are added to those of the record; None to leave the relevant ones alone.
        likeness: `random`; `near`: those first whose documentation shares most words with the relevant tools';
            `same`: only APIs of the relevant ones' tools, where names say so (`api_for_tool`, as in ToolBench);
            `category`: only tools of the relevant ones' categories, where the source has such.
        seed: Seed of the draw and of the places where new tools stand.
    """

    level: str
    more: int | None
    likeness: Likeness = "random"
    seed: int = 0

    @property
    def setting(self) -> Mapping[str, Any]:
        """Level and seed."""
        return {"factor": FACTOR, "level": self.level, "seed": self.seed}

    def work(self, work: Work) -> Work:
        """The task with these toolsets.

        Raises:
            UsageError: It has no tools, or they are retrieved.
        """
        if isinstance(work, ToolWork) and work.offers.toolset == RETRIEVED:
            raise UsageError(f"the factor '{FACTOR}' changes the record's toolset, and here tools are retrieved")
        return rearranged(work, FACTOR, toolset="released", choice=self)

    def names(self, offers: Offers, problem: ToolProblem, names: Sequence[str]) -> list[str]:
        """The names of the grown or cut toolset.

        Raises:
            UsageError: The relevant tools of the problem are not known.
        """
        if self.more is None:
            return self._relevant(offers, problem)
        grown = list(names)
        draw = random.Random(f"{self.seed}/{FACTOR}/{problem.id}")  # noqa: S311 - drawn to be drawn again
        for name in self._further(offers, problem, grown)[: self.more]:
            grown.insert(draw.randint(0, len(grown)), name)
        return grown

    def _relevant(self, offers: Offers, problem: ToolProblem) -> list[str]:
        whole = offers.task.environment(problem)
        there = set() if whole is None else {tool.name for tool in whole.tools()}
        relevant = [name for name in gold_names(problem) if name in there]
        if not relevant:
            raise UsageError(f"'{offers.task.row.task}' does not say which tools are relevant for '{problem.id}'")
        return relevant

    def _further(self, offers: Offers, problem: ToolProblem, names: Sequence[str]) -> list[str]:
        """Tools that the problem does not have, in the order in which they are added."""
        further = sorted(set(offers.task.pool) - set(names))
        random.Random(f"{self.seed}/{FACTOR}/draw/{problem.id}").shuffle(further)  # noqa: S311 - drawn to be drawn again
        if self.likeness == "same":
            tools = {_tool_of(name) for name in gold_names(problem)} - {None}
            return [name for name in further if _tool_of(name) in tools]
        if self.likeness == "category":
            alike = set(of_same_category(offers.task.pool, gold_names(problem), offers.task.row.task))
            return [name for name in further if name in alike]
        if self.likeness == "near":
            pool = offers.task.pool
            wanted = {word for name in gold_names(problem) if name in pool for word in _words(pool[name])}
            further.sort(key=lambda name: -_likeness(_words(pool[name]), wanted))
        return further


def _tool_of(name: str) -> str | None:
    """The tool of an API that is named `api_for_tool`, None of other names."""
    _, joined, tool = name.rpartition("_for_")
    return tool if joined else None


def _words(tool: ToolSpec) -> set[str]:
    return set(_WORD.findall(f"{tool.name.replace('_', ' ')} {tool.description}".lower()))


def _likeness(one: set[str], other: set[str]) -> float:
    """Shared words over all words (Jaccard)."""
    return len(one & other) / len(one | other) if one | other else 0.0
