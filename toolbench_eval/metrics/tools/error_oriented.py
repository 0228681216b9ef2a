"""The error-oriented score of a tool call: parts by type of error, and preference pairs from scores.

TTPA (Huang et al., Findings of EMNLP 2025; arXiv:2505.20016); formula from its released code, `sampling.py` at
34da50ef: (3 name + 3 required + key + 2 type + 2 value) / 11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from statistics import fmean
from typing import Any

from toolbench_eval.metrics.tools.calls import JSON_TYPES, Call, Tool, has_type, violations

THRESHOLD = 0.8
WEIGHTS = (3, 3, 1, 2, 2)


@dataclass(frozen=True)
class Parts:
    """The parts of a score, each in [0, 1]."""

    name: float = 0.0
    required: float = 0.0
    key: float = 0.0
    type: float = 0.0
    value: float = 0.0

    @property
    def score(self) -> float:
        """The weighted mean of the parts."""
        return float(sum(weight * part for weight, part in zip(WEIGHTS, astuple(self), strict=True)) / sum(WEIGHTS))


NOTHING = Parts()
ALL = Parts(1, 1, 1, 1, 1)


def esm_released(predicted: Call | None, gold: Call, tools: Mapping[str, Tool]) -> Parts | None:
    """The parts of a score as the released code computes them.

    Required arguments are looked for in the gold call, and true and false pass as numbers. The code fails on a tool
    that is not on offer and on an unknown type: there is no score then (None).

    Args:
        predicted: The call, or None if the reply held none.
        gold: The gold call.
        tools: The tools on offer, by name.
    """
    if predicted is None:
        return NOTHING
    if predicted.name not in tools:
        return None
    if not predicted.arguments:
        return _without_arguments(predicted, gold)
    tool, given, wanted = tools[predicted.name], predicted.arguments, gold.arguments
    declared = {key: tool.properties[key].get("type") for key in given if key in tool.properties}
    if any(not isinstance(name, str) or name not in JSON_TYPES for name in declared.values()):
        return None
    most = max(len(given), len(wanted))
    return Parts(
        name=float(predicted.name == gold.name),
        required=_found(tool.required, wanted),
        key=len(declared) / most,
        type=sum(_is_instance(given[key], str(name)) for key, name in declared.items()) / most,
        value=_values(given, wanted) / most,
    )


def esm_corrected(predicted: Call | None, gold: Call, tools: Mapping[str, Tool]) -> Parts:
    """The parts of a score as they are meant.

    Required arguments are looked for in the predicted call; true and false are no numbers; unknown types hold every
    value; a tool that is not on offer has only its values counted. Arguments as `esm_released`.
    """
    if predicted is None:
        return NOTHING
    if not predicted.arguments:
        return _without_arguments(predicted, gold) if predicted.name in tools else NOTHING
    given, wanted = predicted.arguments, gold.arguments
    most = max(len(given), len(wanted))
    value = _values(given, wanted) / most
    if predicted.name not in tools:
        return Parts(value=value)
    tool = tools[predicted.name]
    known = [key for key in given if key in tool.properties]
    return Parts(
        name=float(predicted.name == gold.name),
        required=_found(tool.required, given),
        key=len(known) / most,
        type=sum(has_type(given[key], tool.properties[key].get("type")) for key in known) / most,
        value=value,
    )


def error_types(predicted: Call | None, gold: Call, tools: Mapping[str, Tool]) -> tuple[str, ...]:
    """What is wrong with a call: the types of error that the parts stand for.

    ``no_call``; ``hallucinated_tool`` or ``wrong_tool``; ``missing_required``, ``unknown_argument``, ``wrong_type``
    by the schema of the predicted tool; ``wrong_value``: an argument differs from the gold one, or only one of the
    two calls has it. None of them if and only if the corrected score is 1.
    """
    if predicted is None:
        return ("no_call",)
    if predicted.name not in tools:
        return ("hallucinated_tool", *_wrong_value(predicted, gold, ()))
    broken = violations(predicted, tools[predicted.name])
    if not predicted.arguments and not gold.arguments:  # as the score has it: nothing to give, nothing given
        broken = type(broken)()
    found = {
        "wrong_tool": predicted.name != gold.name,
        "missing_required": bool(broken.missing),
        "unknown_argument": bool(broken.unknown),
        "wrong_type": bool(broken.mistyped),
    }
    named = tuple(name for name, wrong in found.items() if wrong)
    return (*named, *_wrong_value(predicted, gold, broken.missing))


def pass_rate(scores: Sequence[float], threshold: float = THRESHOLD) -> float:
    """Share of turns whose score reaches the threshold; 0 if there are none."""
    return sum(score >= threshold for score in scores) / len(scores) if scores else 0.0


def breakdown(turns: Sequence[Parts]) -> dict[str, float]:
    """Share of turns with each part below 1; 0 if there are no turns."""
    names = list(Parts.__dataclass_fields__)
    return {name: fmean([getattr(parts, name) < 1 for parts in turns]) if turns else 0.0 for name in names}


@dataclass(frozen=True)
class Preference:
    """Which of several replies are preferred.

    Attributes:
        chosen: Position of the chosen reply, or None for the gold call.
        rejected: Positions of the rejected ones, in order.
    """

    chosen: int | None
    rejected: tuple[int, ...]


def preference(
    calls: Sequence[Call | None], scores: Sequence[float], gold: Call, threshold: float = THRESHOLD
) -> Preference | None:
    """Chosen and rejected replies of one turn by their scores (TTPA's released sampling).

    Of equal calls the first counts. Below the threshold the gold call is chosen and every reply rejected (but one that
    equals it); else the last of the best calls is chosen, and all below the best and all text replies are rejected.

    Args:
        calls: The call of each reply, or None for text.
        scores: Score of each reply.
        gold: The gold call.
        threshold: Least score of a reply that may be chosen.

    Returns:
        The preference, or None if nothing is rejected.
    """
    kept = [at for at, call in enumerate(calls) if call is None or call not in calls[:at]]
    best = max((scores[at] for at in kept), default=0.0)
    if best < threshold:
        rejected = tuple(at for at in kept if calls[at] != gold)
        return Preference(None, rejected) if rejected else None
    top = [at for at in kept if calls[at] is not None and scores[at] == best]
    rejected = tuple(at for at in kept if calls[at] is None or scores[at] < best)
    return Preference(top[-1], rejected) if top and rejected else None


def _without_arguments(predicted: Call, gold: Call) -> Parts:
    return ALL if predicted.name == gold.name and not gold.arguments else NOTHING


def _found(required: Sequence[str], arguments: Mapping[str, Any]) -> float:
    return sum(name in arguments for name in required) / len(required) if required else 1.0


def _values(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> float:
    return sum(_likeness(value, wanted[key]) for key, value in given.items() if key in wanted)


def _likeness(value: Any, wanted: Any) -> float:
    """1 if equal; two strings get one half for being equal but for case, and one if one contains the other."""
    if value == wanted:
        return 1.0
    if not (isinstance(value, str) and isinstance(wanted, str)):
        return 0.0
    return 0.5 * (value.lower() == wanted.lower()) + 0.5 * (value in wanted or wanted in value)


def _is_instance(value: Any, name: str) -> bool:
    return isinstance(value, tuple(kind for kind in JSON_TYPES[name] if kind is not tuple))


def _wrong_value(predicted: Call, gold: Call, missing: Sequence[str]) -> tuple[str, ...]:
    given, wanted = predicted.arguments, gold.arguments
    nowhere = object()
    keys = (given.keys() | wanted.keys()) - set(missing)
    return ("wrong_value",) if any(given.get(key, nowhere) != wanted.get(key, nowhere) for key in keys) else ()
