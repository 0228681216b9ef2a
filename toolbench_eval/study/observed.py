"""What a study sees of one run of one sample."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolbench_eval.agents.trajectory import LLMCall, SearchCall, ToolCall, Trajectory, from_json
from toolbench_eval.environments.base import json_or_text
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.evaluation.solving.tools.success import as_call
from toolbench_eval.metrics.tools.calls import Tool
from toolbench_eval.metrics.tools.usage import Cost, Executed, Usage, usage

Record = Mapping[str, Any]
"""A sample as it is stored beside a result."""


@dataclass(frozen=True)
class Observed:
    """One run of one sample.

    Attributes:
        task: Suite and task.
        sample: Id of the sample.
        outcome: Value of the study's measure, from 0 to 1.
        stop_reason: Why the run ended.
        failed: Whether it gave no answer.
        usage: Counts of tool calls, by what was wrong with them.
        cost: Tokens and calls.
        path: Names of the called tools in order; where there are no tools, of the agent's steps.
        offered: Names of the tools on offer, as they were listed.
        sources: Who answered the calls, and how often; `miss` where no recording did.
        replies: Digest of what the models wrote.
    """

    task: str
    sample: str
    outcome: float
    stop_reason: str
    failed: bool
    usage: Usage
    cost: Cost
    path: tuple[str, ...]
    offered: tuple[str, ...]
    sources: Mapping[str, int] = field(default_factory=dict)
    replies: str = ""

    @property
    def first_call(self) -> str | None:
        """The tool that was called first, None without a call or without tools."""
        return self.path[0] if self.offered and self.path else None


def observe(task: str, record: Record, metric: str) -> Observed:
    """What a stored sample shows.

    Args:
        task: Suite and task.
        record: The sample.
        metric: The outcome.

    Raises:
        UnknownNameError: The sample has no such measure.
        UsageError: Its value is not from 0 to 1.
    """
    trajectory = from_json(record["trajectory"])
    tools = {one["name"]: _tool(one) for one in record.get("offered", ())}
    gold = {call["name"] for call in record["gold"].get("gold_calls", ())}
    calls = trajectory.tool_calls
    return Observed(
        task=task,
        sample=trajectory.sample,
        outcome=_outcome(record["scores"], metric),
        stop_reason=trajectory.stop_reason,
        failed=trajectory.failed,
        usage=usage([_executed(call) for call in calls], tools, gold or None),
        cost=_cost(trajectory),
        path=tuple(call.name for call in calls) if tools else _steps(trajectory),
        offered=tuple(tools),
        sources=_sources(calls),
        replies=hashlib.sha256("\0".join(map(_said, trajectory.calls)).encode()).hexdigest()[:16],
    )


def _said(call: LLMCall) -> str:
    """What a model wrote, calls in its own format included."""
    return call.reply + "".join(f"\0{one.name}({one.arguments})" for one in call.calls)


def _outcome(scores: Mapping[str, float], metric: str) -> float:
    if metric not in scores:
        raise UnknownNameError("measure of these results", metric, scores)
    value = float(scores[metric])
    if not 0 <= value <= 1:
        raise UsageError(f"the outcome of a study is a measure from 0 to 1, and '{metric}' came to {value:g}")
    return value


def _tool(offered: Mapping[str, Any]) -> Tool:
    parameters = offered.get("parameters", {})
    return Tool(offered["name"], parameters.get("properties", {}), tuple(parameters.get("required", ())))


def _executed(step: ToolCall) -> Executed:
    parsed = not isinstance(step.arguments, str) or isinstance(json_or_text(step.arguments or "{}"), dict)
    return Executed(as_call(step), failed=step.status == "error", parsed=parsed)


def _cost(trajectory: Trajectory) -> Cost:
    calls = trajectory.calls
    return Cost(
        prompt_tokens=sum(call.input_tokens for call in calls),
        completion_tokens=sum(call.output_tokens for call in calls),
        model_calls=len(calls),
        tool_calls=len(trajectory.tool_calls),
    )


def _steps(trajectory: Trajectory) -> tuple[str, ...]:
    dealings = (step for step in trajectory.steps if isinstance(step, LLMCall | SearchCall))
    return tuple(step.action if isinstance(step, LLMCall) else "search" for step in dealings)


def _sources(calls: tuple[ToolCall, ...]) -> dict[str, int]:
    return dict(Counter("miss" if call.error == "miss" else call.source for call in calls))
