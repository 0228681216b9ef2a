"""A judge's verdict on a run with tools: ToolEval's status of the answer and of the task.

Source: `check_answer_status`, `parse_answer_status` and `check_task_solvable` of `toolbench/tooleval` in
OpenBMB/ToolBench.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.environments.base import ToolSpec, cut
from toolbench_eval.evaluation.solving.tools.success import finished, tool_calls
from toolbench_eval.llms.base import GREEDY, LLM, Message
from toolbench_eval.metrics.tools.toolbench import CREDIT, SOLVED, Answer, Judgement, Task, outcome
from toolbench_eval.prompts import load_prompt

PROMPT = "judge-status-1"
MEASURES = ("judged", "pass_rate", "sopr", "judge_unparsed")
"""What a verdict gives. `judged`: the answer is solved; `pass_rate`: the cell of ToolEval's table; `sopr`: solved, or
half for unsure, whatever the task."""

TRACE, SHOWN = 12_000, 1_024
"""Characters of a run and of one observation that the judge is shown; ToolBench cuts observations there."""

_Status = TypeVar("_Status", bound=StrEnum)


def judge(llm: LLM, problem: ToolProblem, trajectory: Trajectory, offered: Sequence[ToolSpec]) -> dict[str, Any]:
    """Ask a judge; a run without an answer is unsolved without asking.

    Returns:
        JSON values: the two statuses, the measures, and how many replies could not be read (they count as unsure).
    """
    unread = 0

    def ask(kind: type[_Status], text: str, **places: str) -> _Status:
        nonlocal unread
        prompt = load_prompt(PROMPT)
        places = {name: harmless(value) for name, value in places.items()}
        asked = [Message("system", prompt.texts["system"]), Message("user", prompt.fill(text, **places))]
        found = status(llm.complete(asked, GREEDY).text, kind)
        unread += found is None
        return kind("Unsure") if found is None else found

    answer, task = Answer.UNSOLVED, Task.SOLVABLE
    if trajectory.prediction is not None:
        answer = ask(Answer, "answer", query=problem.text, answer=trajectory.prediction)
        if answer is Answer.UNSURE:
            told = trace(trajectory)
            answer = ask(Answer, "trace", query=problem.text, answer=trajectory.prediction, trace=told)
        if answer is not Answer.SOLVED:
            task = ask(Task, "task", query=problem.text, tools=_listed(offered))
    return {"answer": answer.value, "task": task.value, "unread": unread, **measured(answer, task, trajectory)}


def measured(answer: Answer, task: Task, trajectory: Trajectory) -> dict[str, float]:
    """The measures of a verdict."""
    judgement = Judgement(answer, task, finished(trajectory))
    return {
        "judged": float(answer is Answer.SOLVED),
        "pass_rate": CREDIT[outcome(judgement)],
        "sopr": SOLVED[answer],
    }


def scores_of(verdict: Mapping[str, Any]) -> dict[str, float]:
    """The measures as a stored verdict has them."""
    found = {name: float(verdict[name]) for name in MEASURES if name != "judge_unparsed"}
    return {**found, "judge_unparsed": float(verdict["unread"] > 0)}


def status(reply: str, kind: type[_Status]) -> _Status | None:
    """The first status that a reply names as a word, in any case; None where it names none."""
    names = {one.value.lower(): one for one in kind}
    found = re.search(rf"\b({'|'.join(names)})\b", reply.lower())
    return None if found is None else names[found[1]]


def trace(trajectory: Trajectory) -> str:
    """The calls of a run with what came of them, for the judge to read."""
    lines = [
        f"{step.name}({step.arguments if isinstance(step.arguments, str) else json.dumps(step.arguments)})\n"
        f"-> {cut(step.text, SHOWN)}"
        for step in tool_calls(trajectory)
    ]
    return cut("\n".join(lines), TRACE) or "(no calls)"


def _listed(tools: Sequence[ToolSpec]) -> str:
    return cut("\n".join(f"{tool.name}: {tool.description}" for tool in tools), TRACE) or "(no tools)"


def harmless(text: str) -> str:
    """Material as it may stand between lines of equals signs: it cannot close its own block."""
    return re.sub(r"={5,}", "=", text)
