"""T-Eval: plans, formatted instructions, reviews, and the steps of reason, retrieve and understand.

Source: the evaluators of open-compass/T-Eval (Chen et al., ACL 2024). Similarities of texts are handed in.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import Any

from toolbench_eval.metrics.tools.calls import Call
from toolbench_eval.metrics.tools.sequences import longest_increasing

FINISH = "FinishAction"
PARTS = ("thought", "action", "args")
THRESHOLD = 0.8
NAME_WEIGHT, ARGUMENTS_WEIGHT = 0.75, 0.25
LETTERS = "ABCDE"
TIE_BREAK = 1e-9
"""What a pair in order weighs more, between matchings of equal weight."""


@dataclass(frozen=True)
class Step:
    """A step of a plan: the name of a tool and its arguments as text."""

    name: str
    arguments: str = ""


Similarity = Callable[[Step, Step], float]
"""How alike two steps are, from 0 to 1."""


@dataclass(frozen=True)
class PlanScore:
    """Precision, recall and F1 of a plan."""

    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0


def exact_name(step: Step, other: Step) -> float:
    """1 if two steps name the same tool, else 0."""
    return float(step.name == other.name)


def weighted(similarity: Callable[[str, str], float]) -> Similarity:
    """T-Eval's likeness of steps from one of texts (there the cosine of embeddings, at least 0): names count 0.75."""
    return lambda a, b: (
        NAME_WEIGHT * similarity(a.name, b.name) + ARGUMENTS_WEIGHT * similarity(a.arguments, b.arguments)
    )


def compared(plan: Sequence[Step], gold: Sequence[Step]) -> list[tuple[str, str]]:
    """The pairs of texts whose likeness decides a plan's score: each name with each, all arguments with all."""
    pairs = product(_without_finish(plan), _without_finish(gold))
    texts = ((pair, other) for a, b in pairs for pair, other in ((a.name, b.name), (a.arguments, b.arguments)))
    return list(dict.fromkeys(texts))


def plan_score(
    plan: Sequence[Step], gold: Sequence[Step], similarity: Similarity = exact_name, threshold: float = THRESHOLD
) -> PlanScore:
    """F1 of the steps that match and keep the order of the gold plan.

    Steps more alike than the threshold are matched one to one with the greatest total likeness; the matched steps that
    count are a longest increasing subsequence. A closing FinishAction is left out of both. Of matchings of equal
    weight one that keeps the order is taken; T-Eval takes what its library happens to find.
    """
    plan, gold = _without_finish(plan), _without_finish(gold)
    return _score(_in_order(plan, gold, similarity, threshold), len(plan), len(gold))


def plan_score_released(
    plan: Sequence[Step], gold: Sequence[Step], similarity: Similarity = exact_name, threshold: float = THRESHOLD
) -> PlanScore:
    """As `plan_score`, but one step always counts as matched, as in the reference: there each step begins with 1."""
    plan, gold = _without_finish(plan), _without_finish(gold)
    found = _in_order(plan, gold, similarity, threshold)
    return _score(max(found, 1) if plan and gold else found, len(plan), len(gold))


def parse_plan(text: str | Sequence[Mapping[str, Any]]) -> list[Step] | None:
    """A plan from its JSON (or Python literal) list of ``{name, id, args}``, in order of ``id``; None if it is none."""
    found = load_literal(text, "[", "]") if isinstance(text, str) else text
    if not isinstance(found, list):
        return None
    try:
        steps = [(int(step["id"]), str(step["name"]), str(step["args"])) for step in found]
    except (KeyError, TypeError, ValueError):
        return None
    return [Step(name, arguments) for _, name, arguments in sorted(steps, key=lambda step: step[0])] or None


def parse_plan_text(text: str, names: Sequence[str]) -> list[Step]:
    """A plan from prose: in each sentence or line, the tool that is named first."""
    steps = []
    for part in text.replace(". ", "\n").split("\n"):
        places = [(part.find(name), at) for at, name in enumerate(names) if name in part]
        if places:
            steps.append(Step(names[min(places)[1]], part))
    return steps


def load_literal(text: str, begin: str = "", end: str = "") -> Any:
    """The value in a reply, after a JSON fence and between two signs: a Python literal, else JSON; None if neither."""
    if "```json" in text:
        text = text[text.find("```json") + len("```json") :].strip("`")
    if begin and begin in text:
        text = text[text.find(begin) :]
    if end and end in text:
        text = text[: text.rfind(end) + len(end)]
    readers: tuple[Callable[[str], Any], ...] = (ast.literal_eval, json.loads)
    for source in (text, text.replace("'", '"')):
        for read in readers:
            try:
                return read(source.strip())
            except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
                continue
    return None


def instruct_arguments(predicted: Call | None, gold: Call) -> float:
    """Exact matches over the gold arguments and the name, each counting once: (matches) / (arguments + 1)."""
    if predicted is None:
        return 0.0
    nowhere = object()
    given, wanted = predicted.arguments, gold.arguments
    right = sum(given.get(key, nowhere) == value for key, value in wanted.items())
    return float(right + (predicted.name == gold.name)) / (len(wanted) + 1)


def parse_instruct_json(text: str, keys: Mapping[str, str]) -> Call | None:
    """The call in a JSON reply, or None if the format is not kept.

    Args:
        text: The reply.
        keys: Under which key of the reply ``thought``, ``action`` and ``args`` stand.
    """
    found = load_literal(text)
    if not isinstance(found, dict) or any(key not in found for key in keys.values()):
        return None
    arguments = found[keys["args"]]
    return Call(str(found[keys["action"]]), arguments if isinstance(arguments, dict) else {})


def parse_instruct_text(text: str, marks: Mapping[str, str]) -> Call | None:
    """The call in a reply with marks around its parts, or None if the format is not kept.

    Args:
        text: The reply.
        marks: ``thought_start``, ``thought_end``, and the same of ``action`` and ``args``.
    """
    parts = (f"{re.escape(marks[f'{part}_start'])}(.*?){re.escape(marks[f'{part}_end'])}" for part in PARTS)
    found = re.fullmatch("".join(parts), text, re.DOTALL)
    if found is None:
        return None
    arguments = load_literal(found[3])
    return Call(found[2].strip(), arguments if isinstance(arguments, dict) else {})


def review_letter(reply: str) -> str | None:
    """The letter A to E that a reply gives after its first colon, or None."""
    answer = reply.partition(":")[2] if ":" in reply else reply
    letter = answer.strip()[:1]
    return letter if letter and letter in LETTERS else None


def review(reply: str, gold: str) -> float:
    """Whether a reply gives the gold letter, 0 or 1."""
    return float(review_letter(reply) == gold)


def retrieve(predicted: str, gold: str) -> float:
    """Whether a step names the gold tool, 0 or 1."""
    return float(predicted == gold)


def understand(predicted: Mapping[str, Any], gold: Mapping[str, Any]) -> float:
    """Share of the gold arguments that are given with the same value, as text; without any: whether none is given."""
    if not gold:
        return float(not predicted)
    return sum(key in predicted and str(predicted[key]) == str(value) for key, value in gold.items()) / len(gold)


def overall(dimensions: Mapping[str, float]) -> float:
    """Mean of the six dimensions: instruct, plan, reason, retrieve, understand, review."""
    return fmean(dimensions[name] for name in ("instruct", "plan", "reason", "retrieve", "understand", "review"))


def _without_finish(plan: Sequence[Step]) -> Sequence[Step]:
    return plan[:-1] if plan and plan[-1].name == FINISH else plan


def _in_order(plan: Sequence[Step], gold: Sequence[Step], similarity: Similarity, threshold: float) -> int:
    """Number of matched steps in the order of the gold plan."""
    if not plan or not gold:
        return 0
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    alike = np.array([[similarity(step, other) for other in gold] for step in plan], np.float64)
    alike[alike <= threshold] = 0
    preferred = alike.copy()
    for row, column in _heaviest_chain(alike.tolist()):
        preferred[row, column] += TIE_BREAK
    matched = zip(*linear_sum_assignment(preferred, maximize=True), strict=True)
    return longest_increasing(int(column) for row, column in matched if alike[row, column] > 0)


def _heaviest_chain(weights: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs of a row and a column, both increasing, with the greatest total weight."""
    rows, columns = len(weights), len(weights[0])
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows):
        for column in range(columns):
            with_pair = best[row][column] + weights[row][column]
            best[row + 1][column + 1] = max(with_pair, best[row][column + 1], best[row + 1][column])
    chain, row, column = [], rows, columns
    while row and column:
        if best[row][column] == best[row - 1][column]:
            row -= 1
        elif best[row][column] == best[row][column - 1]:
            column -= 1
        else:
            row, column = row - 1, column - 1
            chain.append((row, column))
    return chain


def _score(found: int, planned: int, wanted: int) -> PlanScore:
    if not planned and not wanted:
        return PlanScore(1.0, 1.0, 1.0)
    if not found:
        return PlanScore()
    return PlanScore(found / planned, found / wanted, 2 * found / (planned + wanted))
