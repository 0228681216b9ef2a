"""T-Eval's plans and reviews: what of a run is compared, by which similarity, and the measures.

T-Eval compares names and arguments by the sentence embeddings of all-mpnet-base-v2; any dense retriever can stand in
its place, or `exact-name`, which needs none. What was compared stands in the samples, so that they are scored again
without a model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.errors import DataError, HubError, MissingDataError, UsageError
from toolbench_eval.metrics.tools.teval import (
    Similarity,
    Step,
    compared,
    exact_name,
    parse_plan,
    parse_plan_text,
    plan_score,
    plan_score_released,
    review,
    weighted,
)
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.similarity import Pair, TextSimilarity

SIMILARITY = "similarity"
"""The option that names what compares them."""
PUBLISHED = "sentence-transformers/all-mpnet-base-v2"
"""The model of `PlanningEvaluator` in T-Eval's `teval/evaluators/planning_evaluator.py`."""
EXACT = "exact-name"
"""Steps are alike if they name the same tool, whatever its arguments."""
PLAN_MEASURES = ("teval_plan", "teval_plan_released", "teval_plan_parsed")

Likeness = Mapping[Pair, float]
"""How alike two texts are, for each pair that a plan's score needs."""


def load_similarity(name: str, registry: Registry, runtime: Runtime) -> TextSimilarity | None:
    """The similarity of a name, None for `exact-name`.

    Raises:
        UsageError: The model cannot be had (see `TextSimilarity`); says what can be done without it.
        HubError: The hub does not say which weights the name means.
    """
    if name == EXACT:
        return None
    advice = f"Plans of T-Eval are compared by it: take another dense retriever with --set similarity=NAME, or {EXACT}"
    try:
        return TextSimilarity(name, registry, runtime)
    except HubError as error:
        raise HubError(f"{error}. {advice}") from error
    except (UsageError, MissingDataError) as error:
        # No task lacks its data: weights do not count as such, which `--allow-missing` would go on without.
        raise UsageError(f"{error}. {advice}") from error


def pairs_of(problem: ToolProblem, trajectory: Trajectory) -> list[Pair]:
    """The texts of a plan that are compared with those of the gold plan."""
    plan = planned(problem, trajectory)
    return [] if plan is None else compared(plan, gold_plan(problem))


def plan_scores(problem: ToolProblem, trajectory: Trajectory, likeness: Likeness | None) -> dict[str, float]:
    """The measures of a plan; `likeness` is None where names have to be equal. What is no plan has 0."""
    plan, gold = planned(problem, trajectory), gold_plan(problem)
    if plan is None:
        return dict.fromkeys(("success", *PLAN_MEASURES), 0.0)
    similarity: Similarity = exact_name if likeness is None else weighted(partial(_known, likeness))
    right = plan_score(plan, gold, similarity).f1
    released = plan_score_released(plan, gold, similarity).f1
    return {"success": right, "teval_plan": right, "teval_plan_released": released, "teval_plan_parsed": 1.0}


def review_scores(problem: ToolProblem, trajectory: Trajectory) -> dict[str, float]:
    """Whether the letter is the gold one; `Answer:` has been taken from the answer already, and is given back."""
    right = review(f"Answer: {trajectory.prediction or ''}", problem.answers[0])
    return {"success": right, "teval_review": right}


def planned(problem: ToolProblem, trajectory: Trajectory) -> list[Step] | None:
    """The plan that an agent wrote, None where there is none."""
    if trajectory.prediction is None:
        return None
    if problem.extra["written"] == "json":
        return parse_plan(trajectory.prediction)
    return parse_plan_text(as_written(trajectory), problem.extra["names"]) or None


def gold_plan(problem: ToolProblem) -> list[Step]:
    """The gold plan."""
    return [Step(step["name"], step["arguments"]) for step in problem.extra["plan"]]


def stored(likeness: Likeness | None) -> list[list[str | float]] | None:
    """Likeness as samples hold it: texts and value of each pair."""
    return None if likeness is None else [[*pair, value] for pair, value in likeness.items()]


def read_likeness(record: Mapping[str, Any]) -> Likeness | None:
    """Likeness as a sample holds it.

    Raises:
        TypeError: It holds something else.
        ValueError: The same.
    """
    pairs = record.get("likeness")
    return None if pairs is None else {(text, other): float(value) for text, other, value in pairs}


def _known(likeness: Likeness, text: str, other: str) -> float:
    if (text, other) not in likeness:
        raise DataError(f"nobody says how alike '{text:.40}' and '{other:.40}' are", field="likeness")
    return likeness[text, other]


def as_written(trajectory: Trajectory) -> str:
    """The answer with the line breaks that the model wrote: answers are one line, and each step of a plan is one."""
    words = (trajectory.prediction or "").split()
    found = re.search(r"\s+".join(map(re.escape, words)), trajectory.final_text) if words else None
    return trajectory.prediction or "" if found is None else found[0]
