"""Chat models behind an OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling, Token, Usage
from toolbench_eval.llms.endpoint import Endpoint, NotAnAnswer
from toolbench_eval.llms.native_calls import read_calls, tool_as_json, turn_as_json
from toolbench_eval.llms.prompt_logprobs import score_answer
from toolbench_eval.llms.scoring import Likelihood, check_answer

MOST_TOKENS = 2**40
"""A usage beyond this is none."""


class HostedLLM:
    """One model of one endpoint."""

    def __init__(self, name: str, model: str, endpoint: Endpoint) -> None:
        """Name it; nothing is sent yet.

        Args:
            name: Name in results.
            model: Name that the endpoint knows.
            endpoint: Where it is.
        """
        self.name, self._model, self._endpoint = name, model, endpoint

    @property
    def identity(self) -> dict[str, Any]:
        """Model and address."""
        return {"model": self._model, "endpoint": self._endpoint.address.url}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Ask the endpoint.

        Raises:
            EndpointError: There was no answer within the endpoint's bounds.
        """
        turns = [turn_as_json(message) for message in messages]
        return self._endpoint.ask(
            "chat", {"model": self._model, "messages": turns, **self._options(sampling)}, read_reply
        )

    def score(self, messages: Sequence[Message], answer: str) -> Likelihood:
        """Log-likelihood of an answer, from the endpoint's log-probabilities of prompts.

        Raises:
            UsageError: The answer is empty, or the endpoint cannot score.
            EndpointError: There was no answer within the endpoint's bounds.
        """
        check_answer(answer)
        return score_answer(self._endpoint, self.name, self._model, messages, answer)

    def _options(self, sampling: Sampling) -> dict[str, Any]:
        longest = "max_completion_tokens" if self._endpoint.address.official else "max_tokens"
        options = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            longest: sampling.max_tokens,
            "stop": list(sampling.stop) or None,
            "seed": sampling.seed,
            "logprobs": sampling.logprobs or None,
            "tools": [tool_as_json(tool) for tool in sampling.tools] or None,
        }
        return {name: value for name, value in options.items() if value is not None}


def read_reply(body: Any) -> Reply:
    """The answer in a body of `/chat/completions`.

    Raises:
        NotAnAnswer: There is none.
    """
    try:
        choice = body["choices"][0]
        message = choice["message"]
        calls = read_calls(message)
        text = message.get("content")
        if text is None:
            text = "" if calls else message["refusal"]
        finish = choice.get("finish_reason") or "stop"
        if not isinstance(text, str) or not isinstance(finish, str):
            raise TypeError
        return Reply(text, read_usage(body), finish, _tokens(choice.get("logprobs")), calls=calls)
    except (TypeError, KeyError, IndexError, AttributeError, ValueError, ArithmeticError):
        raise NotAnAnswer(f"the body holds no message: {str(body)[:200]}") from None


def read_usage(body: Mapping[str, Any]) -> Usage | None:
    """The tokens that a body says were used, None if it does not."""
    usage = body.get("usage")
    counts = [usage.get(name, 0) for name in ("prompt_tokens", "completion_tokens")] if isinstance(usage, dict) else []
    return Usage(*counts) if counts and all(map(_is_count, counts)) else None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= MOST_TOKENS


def _tokens(logprobs: Mapping[str, Any] | None) -> tuple[Token, ...] | None:
    if not logprobs or logprobs.get("content") is None:
        return None
    return tuple(Token(str(token["token"]), float(token["logprob"])) for token in logprobs["content"])
