"""Which tools a problem's agent is offered, and in which order."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.task import ToolTask
from toolbench_eval.environments.base import Environment, ToolSpec
from toolbench_eval.environments.combined import CombinedEnvironment
from toolbench_eval.environments.offered import OfferedEnvironment
from toolbench_eval.environments.padded import Padded
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.solving.tools.distractors import drawn, of_same_category

RETRIEVED = "retrieved"
DISTRACTORS = (5, 10, 20, 50)
SAME_CATEGORY = ":category"
TOOLSETS = (
    "released",
    "gold",
    "all",
    *(f"gold+{number}" for number in DISTRACTORS),
    *(f"gold+{number}{SAME_CATEGORY}" for number in DISTRACTORS),
    RETRIEVED,
)
"""`released`: those that the record lists; `gold`: those of its solution; `all`: the whole environment; `gold+K`: the
gold ones and K others of the task, drawn by the seed; `gold+K:category`: the same, but of the gold tools' categories
only, and no others where these have fewer; `retrieved`: those that the retriever finds for the request."""

ORDERS = ("shuffled", "released", "reversed", "gold-first", "gold-last")
"""`shuffled` by the seed; `released`: as the record lists them, which often gives the solution away; the last two are
shuffled, but for where the gold tools stand."""


@dataclass(frozen=True)
class Offers:
    """Chooses tools.

    Attributes:
        task: The task.
        toolset: One of `TOOLSETS`.
        order: One of `ORDERS`.
        seed: Seed of shuffles and draws.
        retrieved: Names of the tools that were retrieved for a problem, best first.
    """

    task: ToolTask
    toolset: str
    order: str
    seed: int
    retrieved: Callable[[ToolProblem], Sequence[str]] = field(default=lambda problem: ())

    def environment(self, problem: ToolProblem) -> Environment | None:
        """A new environment with the tools on offer; None where there are no tools."""
        whole = self.task.environment(problem)
        if whole is None:
            return None
        there = {tool.name: tool for tool in whole.tools()}
        names = self._ordered(problem, self._chosen(problem, there))
        foreign = [self.task.pool[name] for name in names if name not in there]
        # Tools of other problems that this problem's environment cannot execute.
        if foreign:
            return OfferedEnvironment(Padded(CombinedEnvironment([whole, self.task.elsewhere(foreign)]), whole), names)
        return OfferedEnvironment(whole, names)

    def gold_missing(self, problem: ToolProblem) -> tuple[str, ...]:
        """Gold tools that the problem's agent is not offered."""
        environment = self.environment(problem)
        offered = set() if environment is None else {tool.name for tool in environment.tools()}
        return tuple(name for name in gold_names(problem) if name not in offered)

    def distractors(self, problem: ToolProblem) -> int:
        """How many tools are offered that are not gold."""
        environment = self.environment(problem)
        offered = set() if environment is None else {tool.name for tool in environment.tools()}
        return len(offered - set(gold_names(problem)))

    def _chosen(self, problem: ToolProblem, there: Mapping[str, ToolSpec]) -> list[str]:
        gold = [name for name in gold_names(problem) if name in there]
        if self.toolset == RETRIEVED:
            return list(self.retrieved(problem))
        if self.toolset.startswith("gold"):
            if not gold:
                raise UsageError(f"'{self.task.row.task}' has no gold tools for '{problem.id}': toolset=released")
            return [*gold, *self._distractors(problem, gold)]
        if self.toolset == "all" or not problem.candidates:
            return list(there)
        return [name for name in problem.candidates if name in there]

    def _distractors(self, problem: ToolProblem, gold: Sequence[str]) -> list[str]:
        number = wanted_distractors(self.toolset)
        if self.toolset.endswith(SAME_CATEGORY):
            near = of_same_category(self.task.pool, gold, self.task.row.task)
            return drawn(near, number, self._random(problem, "distractors/category"))
        others = [name for name in self.task.pool if name not in gold]
        return self._random(problem, "distractors").sample(others, min(number, len(others))) if number else []

    def _ordered(self, problem: ToolProblem, names: list[str]) -> list[str]:
        if self.order == "released":
            return names
        if self.order == "reversed":
            return names[::-1]
        # Sorted first, so that the released order has no influence.
        names = sorted(names)
        self._random(problem, "order").shuffle(names)
        gold = set(gold_names(problem))
        place = {"gold-first": 1, "gold-last": -1}.get(self.order, 0)
        return sorted(names, key=lambda name: -place * (name in gold))

    def _random(self, problem: ToolProblem, purpose: str) -> random.Random:
        return random.Random(f"{self.seed}/{purpose}/{problem.id}")  # noqa: S311 - drawn to be drawn again


def wanted_distractors(toolset: str) -> int:
    """How many tools are added to the gold ones, 0 for other toolsets."""
    return int(toolset.removesuffix(SAME_CATEGORY).partition("+")[2] or 0)


def gold_names(problem: ToolProblem) -> tuple[str, ...]:
    """Names of the gold tools, each once, in the order of the solution."""
    return tuple(dict.fromkeys(call.name for call in problem.gold_calls))


def notes_on(offers: Offers, problems: Sequence[ToolProblem]) -> list[str]:
    """What of the offers a user should know: listed tools that nobody has, gold tools that are not offered."""
    row, unknown, lacking, fewer = offers.task.row, [], [], []
    wanted = wanted_distractors(offers.toolset)
    for problem in problems:
        environment = offers.task.environment(problem)
        there = set() if environment is None else {tool.name for tool in environment.tools()}
        if offers.toolset == "released" and set(problem.candidates) - there:
            unknown.append(problem.id)
        if offers.toolset != RETRIEVED and offers.gold_missing(problem):
            lacking.append(problem.id)
        if wanted and offers.distractors(problem) < wanted:
            fewer.append(problem.id)
    notes = []
    if unknown:
        notes.append(f"{row.task}: {_several(unknown)} listed tools that the environment does not have; left out")
    if lacking:
        notes.append(f"{row.task}: {_several(lacking)} no offer of some gold tool; none is added")
    if fewer:
        kind = "category has" if offers.toolset.endswith(SAME_CATEGORY) else "task has"
        notes.append(f"{row.task}: {_several(fewer)} fewer than {wanted} distractors: their {kind} no more tools")
    return notes


def _several(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} problems ({shown}) have"
