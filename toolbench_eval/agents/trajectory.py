"""What an agent did for one sample: each call, search and finding in order, and what came out.

A trajectory is plain data. It holds no gold answer, and everything but times and cache hits is canonical: the same for
the same inputs.

A model that calls tools in its own format is one step `llm`, whose `calls` hold id, name and arguments as the model
wrote them; there is no such key where it made none. The steps `tool` behind it say what came of each, in the same
order, under the names of the environment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import Message, NativeCall, Sampling, sampling_as_json, turns_as_json

StopReason = Literal["answered", "max_hops", "no_progress", "parse_error", "budget", "error"]
"""`answered`: the agent said that it was done. `max_hops`: its bound of steps. `no_progress`: it repeated itself.
`parse_error`: what the model wrote could not be read. `budget`: a limit of tokens, cost or time. `error`: an endpoint,
a tool or the agent itself failed."""


@dataclass(frozen=True)
class LLMCall:
    """One answer of a language model.

    Attributes:
        action: What it was asked to do, in the agent's words: `deduce`, `ground`, `select`, `answer` ...
        role: Which of the agent's models was asked.
        model: The model's name.
        prompt: Digest of messages and sampling, so that a replay can tell whether it asks the same.
        reply: What the model wrote.
        finish: Why it ended.
        input_tokens: Tokens of the prompt, 0 where the model does not say.
        output_tokens: Tokens of the reply.
        logprob: Sum of the natural log-probabilities of the reply's tokens, None where they are not given.
        attempt: Number of the try.
        passages: Number of passages that the prompt showed.
        calls: Calls of tools that the reply holds in the model's own format.
        cached: Whether the response cache had it (not canonical).
        seconds: Time it took (not canonical).
    """

    action: str
    role: str
    model: str
    prompt: str
    reply: str
    finish: str = "stop"
    input_tokens: int = 0
    output_tokens: int = 0
    logprob: float | None = None
    attempt: int = 0
    passages: int = 0
    cached: bool = False
    seconds: float = 0.0
    step: Literal["llm"] = "llm"
    calls: tuple[NativeCall, ...] = ()


@dataclass(frozen=True)
class SearchCall:
    """One search: the query, and the ids of the passages that came back, best first."""

    query: str
    k: int
    documents: tuple[str, ...]
    seconds: float = 0.0
    step: Literal["search"] = "search"


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool: what was asked, and what the agent was told.

    Attributes:
        name: Tool as the agent wrote it.
        arguments: JSON values; text where the model's arguments were no object.
        status: `ok`, `cut` or `error`.
        text: The observation as the agent saw it.
        error: Kind of the error, None where there is none.
        source: `live`, `recorded`, `nearest`, `simulated` or `local`.
        seconds: Time it took (not canonical).
        value: The answer as a program gets it, where the text reads as another JSON value (the string `42`); else None.
    """

    name: str
    arguments: Mapping[str, Any] | str
    status: str
    text: str
    error: str | None = None
    source: str = "local"
    seconds: float = 0.0
    value: Any = None
    step: Literal["tool"] = "tool"


@dataclass(frozen=True)
class Note:
    """A finding of the agent: evidence that it recorded, a draft that it revised, passages that it selected.

    Attributes:
        action: What it is.
        values: JSON values.
    """

    action: str
    values: Mapping[str, Any]
    step: Literal["note"] = "note"


Step = LLMCall | SearchCall | ToolCall | Note
_STEPS: dict[str, type[Step]] = {"llm": LLMCall, "search": SearchCall, "tool": ToolCall, "note": Note}


@dataclass(frozen=True)
class Trajectory:
    """What an agent did for one sample.

    Attributes:
        sample: Id of the sample.
        prediction: The answer, None if none came: such a sample has failed.
        stop_reason: Why it ended.
        final_text: The text that the answer was taken from.
        steps: What happened, in order.
        error: What went wrong, None if nothing did.
        seconds: Time it took (not canonical).
    """

    sample: str
    prediction: str | None
    stop_reason: StopReason
    final_text: str = ""
    steps: tuple[Step, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    version: int = field(default=1)

    @property
    def failed(self) -> bool:
        """Whether no answer came."""
        return self.prediction is None

    @property
    def calls(self) -> tuple[LLMCall, ...]:
        """The calls of language models."""
        return tuple(step for step in self.steps if isinstance(step, LLMCall))

    @property
    def searches(self) -> tuple[SearchCall, ...]:
        """The searches."""
        return tuple(step for step in self.steps if isinstance(step, SearchCall))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of tools."""
        return tuple(step for step in self.steps if isinstance(step, ToolCall))

    def notes(self, action: str) -> tuple[Mapping[str, Any], ...]:
        """What the agent noted under an action."""
        return tuple(step.values for step in self.steps if isinstance(step, Note) and step.action == action)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        values = asdict(self)
        for step in values["steps"]:
            if step["step"] == "llm" and not step["calls"]:
                del step["calls"]
            if step["step"] == "tool" and step["value"] is None:
                del step["value"]
        return values

    def canonical(self) -> dict[str, Any]:
        """As JSON values without what differs from run to run."""
        values = self.to_json()
        values.pop("seconds")
        for step in values["steps"]:
            step.pop("seconds", None)
            step.pop("cached", None)
        return values


def from_json(values: Mapping[str, Any]) -> Trajectory:
    """The trajectory of JSON values.

    Raises:
        DataError: They are none.
    """
    try:
        steps = tuple(_step(step) for step in values["steps"])
        trajectory = Trajectory(**{**values, "steps": steps})
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"not a trajectory: {error}") from None
    if trajectory.stop_reason not in get_args(StopReason):
        raise DataError(f"not a trajectory: unknown stop reason '{trajectory.stop_reason}'")
    return trajectory


def prompt_digest(messages: Sequence[Message], sampling: Sampling) -> str:
    """Short SHA-256 of what a model is asked."""
    asked = [turns_as_json(messages), sampling_as_json(sampling)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _step(values: Mapping[str, Any]) -> Step:
    kind = _STEPS[values["step"]]
    found = dict(values)
    if kind is SearchCall:
        found["documents"] = tuple(found["documents"])
    if kind is LLMCall:
        found["calls"] = tuple(NativeCall(**call) for call in found.get("calls", ()))
    return kind(**found)
