"""What a language model is here: messages in; text, usage and perhaps tokens out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class OfferedTool:
    """A tool that a model may call in its own format (native function calling).

    Attributes:
        name: Letters, digits, `_` and `-`, at most 64: what every provider takes.
        description: What it does.
        parameters: JSON schema of the arguments, an object.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class NativeCall:
    """A call of a tool, made in the model's own format.

    Attributes:
        id: What tells it from the other calls of its conversation.
        name: Tool as the model wrote it.
        arguments: What the model wrote for a JSON object.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who speaks.
        text: What is said; of a tool, what came of the call.
        calls: Native calls that this turn of the assistant makes.
        answers: The call that this turn of a tool answers.
    """

    role: Role
    text: str
    calls: tuple[NativeCall, ...] = ()
    answers: NativeCall | None = None


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
        tools: What the model may call in its own format; none for text alone.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: bool = False
    tools: tuple[OfferedTool, ...] = field(default=(), kw_only=True)


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
        calls: Native calls, in the order in which they are to be made.
    """

    text: str
    usage: Usage | None = None
    finish: str = "stop"
    tokens: tuple[Token, ...] | None = None
    cached: bool = False
    calls: tuple[NativeCall, ...] = ()


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
            UsageError: The sampling offers tools, and the model has no format for calls.
        """


def turns_as_json(messages: Sequence[Message]) -> list[list[Any]]:
    """Messages as JSON values, for keys and digests: role and text, and behind them the calls where there are any."""
    return [[one.role, one.text, *_native_part(one)] for one in messages]


def sampling_as_json(sampling: Sampling) -> dict[str, Any]:
    """A sampling as JSON values, for keys and digests; without `tools` where none are offered.

    A tool is a text of JSON, so that the order of its parameters, which a model sees, counts.
    """
    values = asdict(sampling)
    tools = values.pop("tools")
    return {**values, "tools": [json.dumps(tool) for tool in tools]} if tools else values


def _native_part(message: Message) -> list[Any]:
    if not message.calls and message.answers is None:
        return []
    return [[asdict(call) for call in message.calls], asdict(message.answers) if message.answers else None]
