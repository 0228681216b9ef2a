"""Our language models as the runtime sees them: doubles that answer what the models answered."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    Model,
    ModelAPI,
    ModelCall,
    ModelOutput,
    ModelUsage,
    StopReason,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from toolbench_eval.llms.runtime_provider import UNBOUNDED, config_of, messages_of

REASONS: dict[str, StopReason] = {
    "stop": "stop",
    "length": "max_tokens",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
}
ANSWER: ContextVar[asyncio.Future[dict[str, Any]]] = ContextVar("answer")
"""The note that will say how the call of this moment ended."""


class NoAnswerError(RuntimeError):
    """The model did not answer."""

    def __init__(self, message: str) -> None:
        """Set the words; the runtime logs `message`."""
        super().__init__(message)
        self.message = message


class Double(ModelAPI):
    """Stands for a model that is asked elsewhere."""

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> tuple[ModelOutput, ModelCall]:
        """Wait for the model's answer.

        Raises:
            NoAnswerError: There was none.
        """
        note = await ANSWER.get()
        if note["kind"] == "failed":
            raise NoAnswerError(note["error"])
        return output_of(self.model_name, note["reply"]), ModelCall(request={}, response=None, time=note["seconds"])

    def max_connections(self) -> int:
        """No bound; that is kept where the model is asked."""
        return UNBOUNDED


def double_of(name: str) -> Model:
    """A model of the runtime that stands for one of ours.

    Args:
        name: Its name in the log.
    """
    api = modelapi(name="toolbench_eval")(Double)(name)
    return Model(api, GenerateConfig(adaptive_connections=False))


def asked(note: dict[str, Any]) -> dict[str, Any]:
    """The note of a call as arguments of `Model.generate`; the number of the try is noted where it is not the first."""
    attempt = {"extra_body": {"attempt": note["attempt"]}} if note["attempt"] else {}
    return {"input": messages_of(note["messages"]), "config": config_of(note["sampling"], **attempt)}


def output_of(model: str, reply: dict[str, Any]) -> ModelOutput:
    """A reply in the runtime's form.

    Usage is always there: where it is not, the runtime would count tokens, and fetch a tokenizer for it.
    """
    usage = reply["usage"] or {"input_tokens": 0, "output_tokens": 0}
    logprobs = None
    if reply["tokens"] is not None:
        logprobs = Logprobs(content=[Logprob(token=one["text"], logprob=one["logprob"]) for one in reply["tokens"]])
    message = ChatMessageAssistant(content=reply["text"], model=model, source="generate")
    stop_reason = REASONS.get(reply["finish"], "unknown")
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message, stop_reason=stop_reason, logprobs=logprobs)],
        completion=reply["text"],
        usage=ModelUsage(**usage, total_tokens=sum(usage.values())),
        metadata={"cached": True} if reply["cached"] else None,
    )
