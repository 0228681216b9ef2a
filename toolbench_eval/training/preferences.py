"""Preference pairs of tool calls: several replies to one turn, scored by the error-oriented score.

TTPA (Huang et al., Findings of EMNLP 2025; arXiv:2505.20016). The released sampling draws whole completions; a variant
that branches at single tokens is of our own design (`branching`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from toolbench_eval.agents.shared.moves import STOP
from toolbench_eval.agents.shared.tool_moves import FINISH, arguments_of, read_tool_move
from toolbench_eval.agents.shared.tool_work import finishes
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import LLM, Message, Sampling
from toolbench_eval.metrics.tools.calls import Call, Tool
from toolbench_eval.metrics.tools.error_oriented import (
    THRESHOLD,
    Parts,
    error_types,
    esm_corrected,
    esm_released,
    preference,
)
from toolbench_eval.training.turns import Turn, call_text

Score = Literal["corrected", "released"]
Variant = Literal["completions", "tokens"]
SCORES: Mapping[Score, Callable[[Call | None, Call, Mapping[str, Tool]], Parts | None]] = {
    "corrected": esm_corrected,
    "released": esm_released,
}
Line = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """A reply to a turn.

    Attributes:
        text: What the model wrote.
        call: The call in it; None where there is none, or none with an object of arguments.
        drawn: How it came about: the number of the draw, or the token at which it branches off.
    """

    text: str
    call: Call | None
    drawn: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """The replies to a turn with their scores, and what is preferred.

    Attributes:
        lines: A line for each pair; none where nothing is rejected.
        scores: Score of each reply, in order.
        outcome: `paired`, `nothing rejected`, `gold breaks its schema`, or `unscorable`: the released score fails.
        gold_chosen: Whether the gold call is preferred because no reply reached the threshold.
    """

    lines: tuple[Line, ...]
    scores: tuple[float | None, ...]
    outcome: str
    gold_chosen: bool = False


def reply_of(text: str, tools: Sequence[str], drawn: Mapping[str, Any] | None = None) -> Drawn:
    """A reply with its call."""
    move = read_tool_move(text, tools)
    arguments = None if move is None or finishes(move) else arguments_of(move)
    call = Call(move.name, dict(arguments)) if move is not None and isinstance(arguments, Mapping) else None
    return Drawn(text, call, drawn or {})


def completions(
    llm: LLM, turn: Turn, n: int, temperature: float, seed: int, max_tokens: int | None = None
) -> list[Drawn]:
    """Draw n whole replies, each with a seed of its own: an endpoint that honours seeds would repeat itself."""
    names = [*(tool.name for tool in turn.tools), FINISH]
    found = []
    for number in range(n):
        own = random.Random(f"{seed}/{turn.id}/{number}").randrange(2**31)  # noqa: S311 - drawn to be drawn again
        sampling = Sampling(temperature=temperature, max_tokens=max_tokens, stop=(STOP,), seed=own)
        found.append(reply_of(llm.complete(turn.messages, sampling, number).text, names, {"draw": number}))
    return found


def judge(turn: Turn, replies: Sequence[Drawn], threshold: float = THRESHOLD, score: Score = "corrected") -> Judged:
    """Score the replies to a turn, choose and reject.

    A turn is left out where its gold call does not reach the threshold itself (it breaks its schema): it could be
    chosen over a reply that scores higher.

    Args:
        turn: The turn.
        replies: What the model wrote.
        threshold: Least score of a reply that may be chosen.
        score: Which score.

    Raises:
        UsageError: There is no such score.
    """
    if score not in get_args(Score):
        raise UsageError(f"the score is one of {', '.join(get_args(Score))}; found '{score}'")
    measure, tools = SCORES[score], turn.described
    different = _different(replies)
    parts = [measure(reply.call, turn.gold, tools) for reply in different]
    scores = tuple(None if one is None else one.score for one in parts)
    own = measure(turn.gold, turn.gold, tools)
    if own is None or any(one is None for one in scores):
        return Judged((), scores, "unscorable")
    if own.score < threshold:
        return Judged((), scores, "gold breaks its schema")
    known = [one for one in scores if one is not None]
    preferred = preference([reply.call for reply in different], known, turn.gold, threshold)
    if preferred is None:
        return Judged((), scores, "nothing rejected")
    chosen = None if preferred.chosen is None else different[preferred.chosen]
    best = own.score if preferred.chosen is None else known[preferred.chosen]
    pairs = [_line(turn, chosen, best, different[at], known[at]) for at in preferred.rejected]
    return Judged(tuple(pairs), scores, "paired", chosen is None)


def _different(replies: Sequence[Drawn]) -> list[Drawn]:
    """The first of the replies with the same call, and of those with the same text where they have none."""
    found: list[Drawn] = []
    for reply in replies:
        same = (one.call == reply.call if reply.call is not None else one.text == reply.text for one in found)
        if not any(same):
            found.append(reply)
    return found


def _line(turn: Turn, chosen: Drawn | None, best: float, rejected: Drawn, score: float) -> Line:
    """One pair: `prompt`, `chosen` and `rejected` as messages, as trainers of preferences read them."""
    preferred = turn.gold if chosen is None or chosen.call is None else chosen.call
    refused = rejected.text.strip() if rejected.call is None else call_text(rejected.call)
    return {
        "id": turn.id,
        "prompt": [_message(message) for message in turn.messages],
        "tools": turn.functions(),
        "chosen": [{"role": "assistant", "content": call_text(preferred)}],
        "rejected": [{"role": "assistant", "content": refused or "(nothing)"}],
        "scores": {"chosen": best, "rejected": score},
        "chosen_from": "gold" if chosen is None else "model",
        "chosen_call": _called(preferred),
        "rejected_call": None if rejected.call is None else _called(rejected.call),
        "errors": list(error_types(rejected.call, turn.gold, turn.described)),
        "drawn": dict(rejected.drawn),
    }


def _message(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": message.text}


def _called(call: Call) -> dict[str, Any]:
    return {"name": call.name, "arguments": dict(call.arguments)}
