"""What a language model is here: messages in; text, usage and perhaps tokens out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True)
class Sampling:
    """How an answer is drawn; every field changes the answer, and so the key of the response cache.

    Attributes:
        temperature: 0 takes the likeliest token.
        top_p: Share of the probability that tokens are drawn from.
        max_tokens: Longest answer, None for the model's own limit.
        stop: Strings that end the answer and are no part of it.
        seed: For models that draw numbers; endpoints promise no more than to try.
        logprobs: Whether the tokens and their log-probabilities are wanted.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: bool = False


GREEDY = Sampling()


@dataclass(frozen=True)
class Usage:
    """Tokens that went in and came out."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


@dataclass(frozen=True)
class Token:
    """One token of an answer and its natural log-probability under the model, before temperature and top_p."""

    text: str
    logprob: float


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        text: What the model wrote.
        usage: Tokens, None where the model does not say.
        finish: Why it ended: `stop`, `length`, or what the endpoint says.
        tokens: The answer's tokens, None where they were not asked for or are not given.
        cached: Whether it came from the response cache.
    """

    text: str
    usage: Usage | None = None
    finish: str = "stop"
    tokens: tuple[Token, ...] | None = None
    cached: bool = False


class LLM(Protocol):
    """A language model. Several threads may ask it at once."""

    @property
    def name(self) -> str:
        """Name in results, as the command line takes it."""

    @property
    def identity(self) -> dict[str, Any]:
        """What decides its answers beside messages, sampling and attempt: JSON values."""

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Answer.

        Args:
            messages: The conversation so far; the last message is what is answered.
            sampling: How the answer is drawn.
            attempt: Number of the try; asking again with another number asks the model anew instead of
                reading the response cache.

        Raises:
            EndpointError: The endpoint did not answer within its bounds.
        """
