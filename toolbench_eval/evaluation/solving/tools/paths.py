"""Measures of the way to the answer: which tools were called, and how well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from toolbench_eval.agents.trajectory import ToolCall, Trajectory
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.environments.base import json_or_text
from toolbench_eval.evaluation.solving.tools.success import Seen, as_call, finished, gold_path, tool_calls
from toolbench_eval.metrics.tools import paths
from toolbench_eval.metrics.tools.calls import Tool
from toolbench_eval.metrics.tools.usage import Executed, usage

Path = Sequence[str]

ORDER_FREE: Mapping[str, Callable[[Path, Path, bool], float]] = {
    "covered": lambda called, gold, done: paths.tools_covered(called, gold),
    "finished_covered": paths.finished_and_covered,
    "conagents_success_released": lambda called, gold, done: paths.conagents_released(called, gold, done).success,
    "cpr_set": lambda called, gold, done: paths.cpr_set(called, gold),
    "cpr_multiset": lambda called, gold, done: paths.cpr_multiset(called, gold),
    "path_precision": lambda called, gold, done: paths.path_precision(called, gold),
    "path_precision_multiset": lambda called, gold, done: paths.path_precision_multiset(called, gold),
}
"""Measures of a path for which the order of the gold calls does not count."""

ORDERED: Mapping[str, Callable[[Path, Path, bool], float]] = {
    "cpr_task": lambda called, gold, done: paths.cpr_task(called, gold),
    "path_lcs": lambda called, gold, done: paths.path_lcs(called, gold),
    "path_lcs_released": lambda called, gold, done: paths.conagents_released(called, gold, done).path,
    "path_exact": lambda called, gold, done: paths.path_exact(called, gold),
}
"""Measures of a path for which it does."""

RATES = ("hallucinated_tool_rate", "invalid_argument_rate", "execution_error_rate", "wasted_call_rate")
"""Rates that need no gold."""

AGAINST_GOLD = ("incorrect_tool_rate", "candidate_recall")
"""What needs to know the gold tools."""


def path_measures(problem: ToolProblem, trajectory: Trajectory) -> dict[str, float]:
    """Every measure of the path, the order-bound ones too."""
    called, gold = [step.name for step in tool_calls(trajectory)], gold_path(problem)
    return {name: float(measure(called, gold, finished(trajectory))) for name, measure in _all()}


def usage_measures(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    """Rates over the calls of one run, and the share of the gold tools that were on offer.

    A run without calls has rates of 0. Means over runs weigh each run alike, however many calls it made.
    """
    offered = {tool.name: Tool(tool.name, tool.properties, tool.required) for tool in seen.offered}
    gold = set(gold_path(problem))
    counts = usage([_executed(step) for step in tool_calls(trajectory)], offered, gold or None)
    rates = counts.rates()
    found = {name: rates[name] for name in (*RATES, "incorrect_tool_rate")}
    return {**found, "candidate_recall": len(gold & offered.keys()) / len(gold) if gold else 1.0}


def _all() -> list[tuple[str, Callable[[Path, Path, bool], float]]]:
    return [*ORDER_FREE.items(), *ORDERED.items()]


def _executed(step: ToolCall) -> Executed:
    parsed = not isinstance(step.arguments, str) or isinstance(json_or_text(step.arguments or "{}"), dict)
    return Executed(as_call(step), failed=step.status == "error", parsed=parsed)
