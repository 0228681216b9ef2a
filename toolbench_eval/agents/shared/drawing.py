"""The likeliest of several draws, where the endpoint itself has no `best_of`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from toolbench_eval.agents.session import MAIN, Session
from toolbench_eval.llms.base import Message, Reply, Sampling


def draw_best(
    session: Session,
    action: str,
    messages: Sequence[Message],
    sampling: Sampling,
    n: int = 1,
    *,
    role: str = MAIN,
    passages: int = 0,
) -> str:
    """Draw replies and take the one with the highest cumulative log-probability, as vLLM's `best_of` does.

    A model that gives no log-probabilities is asked once only. With `n` above 1 a note `best_of` says how many replies
    were wanted and drawn, and which was taken.

    Args:
        session: Whom to ask.
        action: What is asked for.
        messages: The conversation.
        sampling: How replies are drawn; draw i has the session's seed + i.
        n: Number of draws.
        role: Which model is asked.
        passages: How many passages the messages show.
    """
    if n == 1:
        return session.ask(action, messages, sampling, role=role, passages=passages).text
    replies: list[Reply] = []
    for number in range(n):
        seed = None if session.seed is None else session.seed + number
        drawn = replace(sampling, logprobs=True, seed=seed)
        replies.append(session.ask(action, messages, drawn, role=role, attempt=number, passages=passages))
        if replies[-1].tokens is None:
            break
    chosen = max(range(len(replies)), key=lambda at: _likelihood(replies[at]))
    session.note("best_of", of=action, wanted=n, drawn=len(replies), chosen=chosen)
    return replies[chosen].text


def _likelihood(reply: Reply) -> float:
    """Sum of the log-probabilities; an empty reply, whose sum would be 0, is the last choice."""
    return sum(token.logprob for token in reply.tokens) if reply.tokens and reply.text.strip() else -math.inf
