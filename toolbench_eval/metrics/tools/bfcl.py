"""Categories and aggregates of BFCL v4: what counts as right in each category, and how scores are put together.

Sources: `eval_runner.py`, `eval_runner_helper.py` and `agentic_checker.py` of the reference.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.errors import DataError, UnknownNameError
from toolbench_eval.metrics.tools.ast import (
    RIGHT,
    AstError,
    Convention,
    Language,
    Verdict,
    check_one,
    check_parallel,
)
from toolbench_eval.metrics.tools.calls import Call, Gold, Tool

SINGLE_TURN = (
    "simple_python",
    "simple_java",
    "simple_javascript",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
    "live_irrelevance",
    "live_relevance",
)
LIVE = ("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple")
MULTI_TURN = ("multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context")
MEMORY = ("memory_kv", "memory_vector", "memory_rec_sum")
SHARES: Mapping[str, float] = {"non_live": 0.1, "live": 0.1, "irrelevance": 0.1, "multi_turn": 0.3, "agentic": 0.4}
"""What each part counts in the overall score."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "simple": ("simple_python", "simple_java", "simple_javascript"),
    "non_live": ("simple", "multiple", "parallel", "parallel_multiple"),
    "irrelevance_mean": ("irrelevance", "live_irrelevance"),
    "multi_turn": MULTI_TURN,
    "memory": MEMORY,
    "agentic": ("web_search", "memory"),
}
"""Unweighted means, each of parts above it or of categories."""

AGENTIC_DROPPED = re.compile(r"[,./\-_*^()]")


@dataclass(frozen=True)
class Accuracy:
    """Share of right samples, and their number."""

    value: float
    count: int


def language_of(category: str) -> Language:
    """In which language the calls of a category are written."""
    return "java" if category == "simple_java" else "javascript" if category == "simple_javascript" else "python"


def check_sample(
    category: str,
    calls: Sequence[Call] | None,
    golds: Sequence[Gold],
    tools: Sequence[Tool],
    convention: Convention = "corrected",
) -> Verdict:
    """Check the answer to one sample of a single-turn category.

    Args:
        category: One of `SINGLE_TURN`.
        calls: The decoded calls, or None if the text could not be decoded.
        golds: The gold calls; none for irrelevance and relevance, where only whether a call was made counts.
        tools: The functions on offer.
        convention: See `ast`.

    Raises:
        UnknownNameError: There is no such category.
        DataError: There is no gold answer, or it names a function that is not on offer.
    """
    if category not in SINGLE_TURN:
        raise UnknownNameError("category of BFCL", category, SINGLE_TURN)
    if category.endswith("irrelevance"):
        return Verdict("unwanted_call", calls[0].name) if calls else RIGHT
    if category.endswith("relevance"):
        return RIGHT if calls else Verdict("no_call")
    if not golds:
        raise DataError(f"a sample of {category} needs a gold answer.", field="ground_truth")
    if calls is None:
        return Verdict(AstError.UNDECODABLE)
    if "parallel" in category:
        return check_parallel(calls, golds, tools, language_of(category), convention)
    return check_one(calls, golds[0], tools, language_of(category), convention)


def answer_occurs(answer: str, accepted: Sequence[str]) -> bool:
    """Whether a gold answer occurs as a whole word in a final answer, both normalised (agentic categories).

    Normalised: lower case, without ``,./-_*^()``, single quotes as double ones; blanks stay.
    """
    text = _agentic(answer)
    return any(re.search(rf"\b{re.escape(_agentic(gold))}\b", text) for gold in accepted)


def aggregates(scores: Mapping[str, Accuracy]) -> dict[str, float]:
    """All aggregates whose parts are there: means without weights, the live mean weighted by counts, and ``overall``.

    Args:
        scores: Accuracy of each category; `SINGLE_TURN`, `MULTI_TURN`, `MEMORY` and ``web_search``.
    """
    found = {name: score.value for name, score in scores.items()}
    for name, parts in PARTS.items():
        if all(part in found for part in parts):
            found[name] = statistics.fmean(found[part] for part in parts)
    if all(part in scores for part in LIVE):
        found["live"] = _weighted([scores[part] for part in LIVE])
    overall = _overall(found)
    result = {name: found[name] for name in (*PARTS, "live") if name in found}
    return result if overall is None else {**result, "overall": overall}


def overall_released(scores: Mapping[str, Accuracy], counts: Mapping[str, int]) -> float:
    """The overall score in which a category that was not run counts as 0, as the reference has it.

    Args:
        scores: Accuracy of the categories that were run.
        counts: Number of samples of every category.
    """
    every = (*SINGLE_TURN, *MULTI_TURN, *MEMORY, "web_search")
    filled = {name: scores.get(name, Accuracy(0.0, counts[name])) for name in every}
    return aggregates(filled)["overall"]


def format_sensitivity(accuracies: Sequence[float]) -> tuple[float, float]:
    """Largest difference between prompt formats, and their standard deviation (of the formats as a population)."""
    return max(accuracies) - min(accuracies), statistics.pstdev(accuracies)


def multi_turn_correct(
    states: Sequence[Any],
    gold_states: Sequence[Any],
    results: Sequence[Sequence[str]],
    gold_results: Sequence[Sequence[str]],
) -> bool:
    """Whether a multi-turn answer is right: checks of states and of results after every turn.

    Each turn must leave the gold's state; its gold results must all be among the results so far, each as often; and a
    turn for which the gold makes calls must make some.

    Args:
        states: State of the environment after each turn; anything that can be compared.
        gold_states: The same after the gold calls.
        results: What the calls of each turn returned.
        gold_results: What the gold calls of each turn return.
    """
    if len(results) != len(gold_results):
        return False
    so_far: list[str] = []
    for state, gold_state, got, wanted in zip(states, gold_states, results, gold_results, strict=True):
        so_far += got
        if (wanted and not got) or state != gold_state or not _contains(so_far, wanted):
            return False
    return True


def _agentic(text: str) -> str:
    return AGENTIC_DROPPED.sub("", text).lower().replace("'", '"')


def _weighted(scores: Sequence[Accuracy]) -> float:
    total = sum(score.count for score in scores)
    return sum(score.value * score.count for score in scores) / total if total else 0.0


def _overall(found: Mapping[str, float]) -> float | None:
    parts = {**found, "irrelevance": found.get("irrelevance_mean")}
    values = [(share, parts.get(name)) for name, share in SHARES.items()]
    if any(value is None for _, value in values):
        return None
    return sum(share * value for share, value in values if value is not None)


def _contains(whole: Sequence[str], part: Sequence[str]) -> bool:
    rest = list(whole)
    for item in part:
        if item not in rest:
            return False
        rest.remove(item)
    return True
