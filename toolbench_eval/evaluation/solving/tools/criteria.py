"""Marks of a judge for stories and travel plans: the criteria of 360°REA (see `metrics/tools/assessment.py`).

The reference asks ten times and takes the mean of what it reads; a greedy judge says the same each time, so it is asked
once. What a reply does not give is missing and counted, not 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.evaluation.solving.tools.judging import harmless
from toolbench_eval.llms.base import GREEDY, LLM, Message
from toolbench_eval.metrics.tools.assessment import LEAST, MOST, SCALE, criterion_values
from toolbench_eval.prompts import load_prompt

PROMPT = "judge-criteria-1"
MEASURES = ("criterion", "criterion_missing")

CRITERIA: Mapping[str, tuple[str, ...]] = {
    "trivia": (
        "coherence and flow",
        "integration of the answers",
        "creativity and originality",
        "language and style",
        "emotional engagement",
        "theme and meaning",
        "character development",
    ),
    "travel-plan": (
        "fit with interests and preferences",
        "fit with the season",
        "variety and balance",
        "feasibility and logistics",
        "local insight",
    ),
}
"""What texts are marked for, by the format of their task."""


def mark(llm: LLM, problem: ToolProblem, trajectory: Trajectory, criteria: Sequence[str]) -> dict[str, int | None]:
    """The marks of a judge, from 1 to 20; None for what it does not give. A run without a text is given none."""
    if trajectory.prediction is None:
        return dict.fromkeys(criteria)
    prompt = load_prompt(PROMPT)
    aliases = [aliases[0] for aliases in problem.extra.get("aliases", ())]
    user = prompt.fill(
        "user",
        query=harmless(problem.text),
        known=prompt.fill("known", answers=harmless("\n".join(aliases))) if aliases else "",
        answer=harmless(trajectory.prediction),
        least=LEAST,
        most=MOST,
        criteria="\n".join(f"- {name}" for name in criteria),
    )
    reply = llm.complete([Message("system", prompt.texts["system"]), Message("user", user)], GREEDY).text
    return criterion_values(reply, criteria)


def marks(verdict: Mapping[str, Any]) -> dict[str, float]:
    """The measures of stored marks: their mean on the scale from 5 to 100 (0 without any), and the share missing."""
    values = list(verdict["criteria"].values())
    given = [value for value in values if value is not None]
    mean = SCALE * sum(given) / len(given) if given else 0.0
    return {"criterion": float(mean), "criterion_missing": (len(values) - len(given)) / len(values)}
