"""The measures of one tool use task: which of them all problems have, and their values for a sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.errors import DataError, UnknownNameError
from toolbench_eval.evaluation.solving.sums import costs
from toolbench_eval.evaluation.solving.tools import criteria, judging
from toolbench_eval.evaluation.solving.tools.paths import (
    AGAINST_GOLD,
    ORDER_FREE,
    ORDERED,
    RATES,
    path_measures,
    usage_measures,
)
from toolbench_eval.evaluation.solving.tools.success import SCORINGS, Scoring, Seen, finished, tool_calls
from toolbench_eval.metrics.answers.registry import known
from toolbench_eval.metrics.tools.registry import MEASURES

ALWAYS = ("success", "finished")
COSTS = ("tool_calls", "llm_calls", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True)
class ToolScorer:
    """The measures of one task.

    Attributes:
        name: Name of the way of scoring.
        scoring: The way of scoring.
        measures: Names of the measures, in the order in which results show them.
        left_out: Measures that were asked for and that some problem has no gold for.
    """

    name: str
    scoring: Scoring
    measures: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        problems: Sequence[ToolProblem],
        asked: Iterable[str],
        *,
        with_tools: bool,
        judged: bool,
        marked: bool = False,
    ) -> ToolScorer:
        """Choose the measures that every problem of a task has.

        Args:
            name: The way of scoring.
            problems: The problems.
            asked: Names of measures that a suite or a user asks for.
            with_tools: Whether there are tools.
            judged: Whether there is a judge.
            marked: Whether it gives marks by criteria, too.

        Raises:
            DataError: A problem lacks what the scoring compares with.
            UnknownNameError: There is no such measure.
        """
        scoring = SCORINGS[name]
        for problem in problems:
            if lacking := scoring.lacks(problem):
                raise DataError(f"the problem '{problem.id}' has {lacking}, which the scoring '{name}' needs")
        has_gold = with_tools and all(problem.gold_calls for problem in problems)
        ordered = has_gold and not any(problem.extra.get("unordered") for problem in problems)
        measures = (
            *ALWAYS,
            *scoring.measures,
            *(judging.MEASURES if judged else ()),
            *(criteria.MEASURES if marked else ()),
            *(ORDER_FREE if has_gold else ()),
            *(ORDERED if ordered else ()),
            *(RATES if with_tools else ()),
            *(AGAINST_GOLD if has_gold else ()),
            *COSTS,
        )
        wanted = list(dict.fromkeys(asked))
        for one in wanted:
            if one not in MEASURES and not known(one):
                raise UnknownNameError("measure of tool use", one, MEASURES)
        return cls(name, scoring, measures, tuple(one for one in wanted if one not in measures))

    def score(self, problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
        """Every measure of one sample."""
        scores = {"finished": float(finished(trajectory)), **self.scoring.score(problem, trajectory, seen)}
        scores |= path_measures(problem, trajectory) | usage_measures(problem, trajectory, seen)
        scores |= costs(trajectory) | {"tool_calls": float(len(tool_calls(trajectory)))}
        if seen.verdict:
            scores |= judging.scores_of(seen.verdict)
        if "criteria" in seen.verdict:
            scores |= criteria.marks(seen.verdict)
        return {name: scores[name] for name in self.measures}
