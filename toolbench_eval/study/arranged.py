"""Offers of tools that a study has rearranged: which tools, in which order, described and answering how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.environments.base import Environment
from toolbench_eval.environments.combined import CombinedEnvironment
from toolbench_eval.environments.offered import OfferedEnvironment
from toolbench_eval.environments.padded import Padded
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.solving.tools.offers import Offers
from toolbench_eval.evaluation.solving.tools.work import ToolWork
from toolbench_eval.evaluation.solving.work import Work


class Names(Protocol):
    """Chooses or orders the tools of a problem."""

    def names(self, offers: Offers, problem: ToolProblem, names: Sequence[str]) -> list[str]:
        """Names of the tools to offer in the place of these."""


class Noise(Protocol):
    """Changes what tools say."""

    def environment(self, environment: Environment, problem: str) -> Environment:
        """The environment behind the noise; `problem` is the id of the problem."""


@dataclass(frozen=True)
class Arranged(Offers):
    """Offers as a task has them, and changes of them: first the choice, then the order, then the noise.

    Agents and scoring both get their environments here, so that what was on offer is what is counted.

    Attributes:
        choice: Chooses the tools, None to leave the choice.
        arrangement: Orders them, None to leave the order.
        noises: Change what they say.
    """

    choice: Names | None = None
    arrangement: Names | None = None
    noises: tuple[Noise, ...] = ()

    def environment(self, problem: ToolProblem) -> Environment | None:
        """A new environment with the tools on offer; None where there are no tools."""
        environment = super().environment(problem)
        if environment is None:
            return None
        names = [tool.name for tool in environment.tools()]
        changed = names
        for change in (self.choice, self.arrangement):
            changed = changed if change is None else change.names(self, problem, changed)
        if changed != names:
            environment = self._with(problem, changed)
        for noise in self.noises:
            environment = noise.environment(environment, problem.id)
        return environment

    def _with(self, problem: ToolProblem, names: Sequence[str]) -> Environment:
        """The problem's environment with these tools; those that it does not have are declared and do nothing."""
        whole = self.task.environment(problem)
        there = set() if whole is None else {tool.name for tool in whole.tools()}
        foreign = [self.task.pool[name] for name in names if name not in there]
        if whole is None or not foreign:
            return OfferedEnvironment(whole or self.task.elsewhere(foreign), names)
        return Padded(OfferedEnvironment(CombinedEnvironment([whole, self.task.elsewhere(foreign)]), names), whole)


def rearranged(work: Work, what: str, **changes: Any) -> Work:
    """A tool use task whose offers are changed.

    Args:
        work: The task.
        what: The factor, for errors.
        changes: Fields of `Arranged`.

    Raises:
        UsageError: The task has no tools to offer.
    """
    if not isinstance(work, ToolWork):
        raise UsageError(f"the factor '{what}' changes tools, and '{work.row.task}' is no tool use task")
    offers = work.offers
    if not isinstance(offers, Arranged):
        offers = Arranged(offers.task, offers.toolset, offers.order, offers.seed, offers.retrieved)
    return replace(work, offers=replace(offers, **changes), _seen={})


def noisy(work: Work, what: str, noise: Noise) -> Work:
    """A tool use task with one noise more.

    Raises:
        UsageError: The task has no tools to offer.
    """
    earlier = work.offers.noises if isinstance(work, ToolWork) and isinstance(work.offers, Arranged) else ()
    return rearranged(work, what, noises=(*earlier, noise))
