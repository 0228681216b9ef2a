"""Scoring through an endpoint that gives the log-probabilities of the prompt: vLLM's extension of chat completions.

Two prompts are compared, token by token: the conversation with the turn that is to be scored, left open behind it
(`continue_final_message`), and the conversation with that turn not begun yet (`add_generation_prompt`). What the first
has more are the answer's tokens. Nothing is guessed: where the second is not the beginning of the first, or a position
names more than the token that stands there, there is no score.

Source: vLLM, OpenAI-compatible server, extra parameters of chat completions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.endpoint import Endpoint, NotAnAnswer
from toolbench_eval.llms.scoring import ADVICE, Likelihood, cannot_score

_LOWEST = -9999.0
"""What vLLM writes for minus infinity, which JSON does not have."""


class Position(NamedTuple):
    """One token of a prompt; the first has no log-probability."""

    token: int | None
    logprob: float


def score_answer(endpoint: Endpoint, name: str, model: str, messages: Sequence[Message], answer: str) -> Likelihood:
    """Log-likelihood of an answer.

    Args:
        endpoint: Where the model is.
        name: The model's name in errors.
        model: The model's name there.
        messages: The conversation.
        answer: The assistant's next turn.

    Raises:
        UsageError: The endpoint gives no log-probabilities of prompts, or its template does not let the answer's
            tokens be told.
        EndpointError: The endpoint did not answer within its bounds, or refused the request.
    """
    if endpoint.address.official:
        raise cannot_score(name)
    turns = [{"role": message.role, "content": message.text} for message in messages]
    said = {"role": "assistant", "content": answer}
    whole = _positions(endpoint, name, model, [*turns, said], {"continue_final_message": True})
    before = _positions(endpoint, name, model, turns, {"continue_final_message": False})
    # A first token has no entry, so that only those behind it can be compared.
    if not 0 < len(before) < len(whole) or any(a.token != b.token for a, b in zip(before, whole, strict=False)):
        raise UsageError(
            f"'{name}' begins a turn that it writes otherwise than one that it has written: which tokens are the "
            f"answer's cannot be told. {ADVICE}"
        )
    logprobs = [position.logprob for position in whole[len(before) :]]
    return Likelihood(math.fsum(logprobs), len(logprobs))


def _positions(
    endpoint: Endpoint, name: str, model: str, turns: list[dict[str, str]], form: dict[str, bool]
) -> list[Position]:
    options = {"prompt_logprobs": 0, "max_tokens": 1, "temperature": 0.0}
    opened = {"add_generation_prompt": not form["continue_final_message"]}
    found = endpoint.ask("chat", {"model": model, "messages": turns, **options, **form, **opened}, _read)
    if found is None:
        raise cannot_score(name)
    return found


def _read(body: Any) -> list[Position] | None:
    """The prompt's tokens, None where the endpoint does not give them.

    Raises:
        NotAnAnswer: What it gives cannot be read.
    """
    try:
        given = body.get("prompt_logprobs") or body["choices"][0].get("prompt_logprobs")
        return None if not given else [_position(entry) for entry in given]
    except (TypeError, KeyError, IndexError, AttributeError, ValueError, ArithmeticError):
        raise NotAnAnswer(f"the body's prompt log-probabilities cannot be read: {str(body)[:200]}") from None


def _position(entry: dict[str, Any] | None) -> Position:
    if entry is None:
        return Position(None, math.nan)
    ((token, value),) = entry.items()
    logprob = float(value["logprob"])
    return Position(int(token), -math.inf if logprob <= _LOWEST else logprob)
