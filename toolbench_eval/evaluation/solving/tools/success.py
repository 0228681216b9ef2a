"""What success means in each way of scoring, from a trajectory and what was seen beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolbench_eval.agents.trajectory import ToolCall, Trajectory
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.environments.base import Json, ToolSpec, canonical, json_or_text
from toolbench_eval.environments.databases import same_tables
from toolbench_eval.evaluation.solving.tools.teval import (
    PLAN_MEASURES,
    Likeness,
    pairs_of,
    plan_scores,
    review_scores,
)
from toolbench_eval.metrics.answers.boolean import last_boolean
from toolbench_eval.metrics.answers.profiles import find_profile
from toolbench_eval.metrics.answers.score import score_answer
from toolbench_eval.metrics.tools.apibank import rouge_l, rouge_l_released, said
from toolbench_eval.metrics.tools.apibank_checks import passes, same_arguments
from toolbench_eval.metrics.tools.bfcl import check_sample, language_of
from toolbench_eval.metrics.tools.calls import Call, Gold, Tool
from toolbench_eval.metrics.tools.dbbench import values_of, values_right, values_right_released
from toolbench_eval.metrics.tools.decode import decode_json, decode_python, decode_source
from toolbench_eval.metrics.tools.numbers import final_number, last_number, same_number
from toolbench_eval.metrics.tools.paths import finished_and_covered
from toolbench_eval.metrics.tools.spp import after_mark, logic_grid, occurs_as_word, trivia
from toolbench_eval.retrievers.similarity import Pair

NORMALISED = "hippo-rag"
"""Profile by which answers are compared: normalised as for SQuAD, the best of all references."""


@dataclass(frozen=True)
class Seen:
    """What scoring needs beside the trajectory.

    Attributes:
        offered: The tools that the agent was offered.
        state: The environment's state after the agent's calls, None where scoring does not look at it.
        verdict: What the judge said, as JSON values; empty without a judge.
        likeness: How alike the texts are that scoring compares, None where it compares none or only equal ones.
    """

    offered: tuple[ToolSpec, ...] = ()
    state: Json = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    likeness: Likeness | None = None


Score = Callable[[ToolProblem, Trajectory, Seen], dict[str, float]]


@dataclass(frozen=True)
class Scoring:
    """A way of scoring.

    Attributes:
        measures: Names of its measures; `success` is added.
        score: Their values for one sample.
        lacks: What a problem lacks for it, None if nothing.
        looks_at_state: Whether it needs the environment's state.
        compares: The pairs of texts of a run whose likeness it needs, None where it needs none.
    """

    measures: tuple[str, ...]
    score: Score
    lacks: Callable[[ToolProblem], str | None] = lambda problem: None
    looks_at_state: bool = False
    compares: Callable[[ToolProblem, Trajectory], list[Pair]] | None = None


def tool_calls(trajectory: Trajectory) -> list[ToolCall]:
    """The calls of tools, in order."""
    return [step for step in trajectory.steps if isinstance(step, ToolCall)]


def as_call(step: ToolCall) -> Call:
    """A call for the measures; arguments that are no object are none."""
    arguments = json_or_text(step.arguments) if isinstance(step.arguments, str) else step.arguments
    return Call(step.name, dict(arguments) if isinstance(arguments, Mapping) else {})


def finished(trajectory: Trajectory) -> bool:
    """Whether the run ended by itself with an answer."""
    return trajectory.prediction is not None and trajectory.stop_reason == "answered"


def gold_path(problem: ToolProblem) -> list[str]:
    """Names of the gold calls, each as often as it is to be made."""
    return [call.name for call in problem.gold_calls for _ in range(call.times)]


def answer_right(problem: ToolProblem, trajectory: Trajectory) -> float:
    """Whether the final answer is an accepted one, 0 or 1.

    A short answer equals one after normalisation; a free text holds one as a run of words; yes or no is the last
    word of that kind.
    """
    text = trajectory.prediction
    if text is None:
        return 0.0
    if problem.answer_type == "boolean":
        return float(last_boolean(text) is not None and last_boolean(text) == last_boolean(problem.answers[0]))
    scores = score_answer(text, problem.answers, find_profile(NORMALISED))
    return float(scores["EM" if problem.answer_type == "span" else "acc_token"])


def _answer(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    right = answer_right(problem, trajectory)
    return {"success": right, "answer_right": right}


def _number(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    text = trajectory.prediction or ""
    given = final_number(text)
    right = float(same_number(last_number(text) if given is None else given, last_number(problem.answers[0])))
    return {"success": right, "final_number": right}


def _state(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    right = float(canonical(seen.state) == canonical(problem.extra["state"]))
    told = answer_right(problem, trajectory) if problem.answers else float(trajectory.prediction is not None)
    return {"success": right * told, "state_right": right}


def _sql(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    committed = seen.state["answer"]
    if "tables" in problem.extra:
        ended = committed is not None or trajectory.prediction is not None
        right = float(ended and same_tables(seen.state, {"tables": problem.extra["tables"]}))
        return {"success": right, "sql": right, "sql_released": right}
    if committed is None and trajectory.prediction is None:
        return dict.fromkeys(("success", "sql", "sql_released"), 0.0)
    given = values_of(trajectory.prediction or "") if committed is None else committed
    right = values_right(given, problem.answers)
    return {"success": right, "sql": right, "sql_released": values_right_released(given, problem.answers)}


def _path(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    # A gold name that was not on offer was guessed, and nothing came of it.
    called = [call.name for call in tool_calls(trajectory) if call.error != "unknown_tool"]
    return {"success": finished_and_covered(called, gold_path(problem), finished(trajectory))}


def _ast(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    """BFCL: every call that was made, or, where none was, those that the answer itself is written as."""
    category = str(problem.category)
    golds = [Gold.of(call) for call in problem.extra["accepted"]]
    tools = [Tool.of(one) for one in problem.extra["functions"]]
    if not golds and trajectory.failed:  # a run that broke down did not decide to call nothing
        return dict.fromkeys(("success", "ast", "ast_released"), 0.0)
    calls: list[Call] | None = [as_call(step) for step in tool_calls(trajectory)]
    if not calls:
        calls = _written(trajectory.prediction or "", category)
    corrected = check_sample(category, calls, golds, tools, "corrected").correct
    released = check_sample(category, calls, golds, tools, "released").correct
    return {"success": float(corrected), "ast": float(corrected), "ast_released": float(released)}


def _written(text: str, category: str) -> list[Call] | None:
    if not text.strip():
        return None
    if language_of(category) != "python":
        return decode_source(text)
    found = decode_json(text)
    return decode_python(text) if found is None else found


def _api_call(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    """The first call, as the reference has the model write one."""
    steps, gold = tool_calls(trajectory)[:1], problem.gold_calls[0]
    right = 0.0
    for step in steps:
        output = None if step.status == "error" else step.text
        result = {"input": as_call(step).arguments, "output": output, "exception": step.error}
        right = float(step.name == gold.name and passes(step.name, result, problem.extra["result"]))
    return {"success": right, "api_call": right}


def _response(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    text, gold = trajectory.prediction or "", problem.answers[0]
    likeness = rouge_l(said(text), gold)
    return {"success": likeness, "rouge_l": likeness, "rouge_l_released": rouge_l_released(text, gold)}


def _calls(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    free = [as_call(step) for step in tool_calls(trajectory)]
    for gold in problem.gold_calls:
        fitting = [call for call in free if call.name == gold.name and _fits(call.name, call.arguments, gold.arguments)]
        if not fitting:
            return {"success": 0.0, "api_level3": 0.0}
        free.remove(fitting[0])
    return {"success": 1.0, "api_level3": 1.0}


def _fits(name: str, given: Mapping[str, Any], gold: Mapping[str, Any] | None) -> bool:
    return gold is None or same_arguments(name, given, gold)


def _trivia(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    aliases: Sequence[Sequence[str]] = problem.extra["aliases"]
    words = trivia(trajectory.prediction or "", aliases, occurs_as_word).accuracy
    return {"success": words, "trivia_words": words, "trivia": trivia(trajectory.prediction or "", aliases).accuracy}


def _logic_grid(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    right = logic_grid(after_mark(trajectory.prediction or "", "Answer:"), problem.answers[0])
    return {"success": right, "logic_grid": right}


def _plan(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    return plan_scores(problem, trajectory, seen.likeness)


def _review(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    return review_scores(problem, trajectory)


def _judge(problem: ToolProblem, trajectory: Trajectory, seen: Seen) -> dict[str, float]:
    return {"success": float(seen.verdict.get("judged", 0.0))}


def _without(field: str, message: str) -> Callable[[ToolProblem], str | None]:
    return lambda problem: None if getattr(problem, field) else message


def _without_extra(key: str, message: str) -> Callable[[ToolProblem], str | None]:
    return lambda problem: None if problem.extra.get(key) is not None else message


NO_ANSWER, NO_CALLS = "no accepted answer", "no gold call"

SCORINGS: Mapping[str, Scoring] = {
    "answer": Scoring(("answer_right",), _answer, _without("answers", NO_ANSWER)),
    "number": Scoring(("final_number",), _number, _without("answers", NO_ANSWER)),
    "state": Scoring(("state_right",), _state, _without_extra("state", "no gold state"), looks_at_state=True),
    "sql": Scoring(("sql", "sql_released"), _sql, looks_at_state=True),
    "path": Scoring((), _path, _without("gold_calls", NO_CALLS)),
    "ast": Scoring(("ast", "ast_released"), _ast, _without_extra("accepted", "no accepted calls")),
    "apibank": Scoring(("api_call",), _api_call, _without_extra("result", "no gold result")),
    "response": Scoring(("rouge_l", "rouge_l_released"), _response, _without("answers", NO_ANSWER)),
    "calls": Scoring(("api_level3",), _calls, _without("gold_calls", NO_CALLS)),
    "trivia": Scoring(("trivia_words", "trivia"), _trivia, _without_extra("aliases", "no aliases")),
    "logic-grid": Scoring(("logic_grid",), _logic_grid, _without("answers", NO_ANSWER)),
    "teval-plan": Scoring(PLAN_MEASURES, _plan, _without_extra("plan", "no gold plan"), compares=pairs_of),
    "teval-review": Scoring(("teval_review",), _review, _without("answers", NO_ANSWER)),
    "judge": Scoring((), _judge),
}
"""The ways of scoring, by the names that suites write."""
