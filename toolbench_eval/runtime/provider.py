"""Our language models as the runtime sees them: doubles that answer what the models answered."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
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

MESSAGES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
REASONS: dict[str, StopReason] = {
    "stop": "stop",
    "length": "max_tokens",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
}
UNBOUNDED = 1_000_000

ANSWER: ContextVar[asyncio.Future[dict[str, Any]]] = ContextVar("answer")
"""The note that will say how the call of this moment ended."""


class NoAnswer(RuntimeError):
    """The model did not answer."""


class Double(ModelAPI):
    """Stands for a model that is asked elsewhere."""

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> tuple[ModelOutput, ModelCall]:
        """Wait for the model's answer.

        Raises:
            NoAnswer: There was none.
        """
        note = await ANSWER.get()
        if note["kind"] == "failed":
            raise NoAnswer(note["error"])
        return output_of(self.model_name, note["reply"]), ModelCall(request={}, response=None, time=note["seconds"])

    def connection_key(self) -> str:
        """Models share no bound on calls."""
        return self.model_name


def double_of(name: str) -> Model:
    """A model of the runtime that stands for one of ours.

    Args:
        name: Its name in the log.
    """
    api = modelapi(name="toolbench_eval")(Double)(name)
    return Model(api, GenerateConfig(max_connections=UNBOUNDED, max_retries=0))


def asked(note: dict[str, Any]) -> dict[str, Any]:
    """The note of a call as arguments of `Model.generate`."""
    sampling, attempt = note["sampling"], note["attempt"]
    config = GenerateConfig(
        temperature=sampling["temperature"],
        top_p=sampling["top_p"],
        max_tokens=sampling["max_tokens"],
        stop_seqs=sampling["stop"] or None,
        seed=sampling["seed"],
        logprobs=sampling["logprobs"] or None,
        extra_body={"attempt": attempt} if attempt else None,
    )
    return {"input": [MESSAGES[role](content=text) for role, text in note["messages"]], "config": config}


def output_of(model: str, reply: dict[str, Any]) -> ModelOutput:
    """A reply in the runtime's form.

    Usage is always there: where it is not, the runtime would count tokens, and fetch a tokenizer for it.
    """
    usage = reply["usage"] or {"input_tokens": 0, "output_tokens": 0}
    tokens = reply["tokens"]
    choice = ChatCompletionChoice(
        message=ChatMessageAssistant(content=reply["text"], model=model, source="generate"),
        stop_reason=REASONS.get(reply["finish"], "unknown"),
        logprobs=None
        if tokens is None
        else Logprobs(content=[Logprob(token=token["text"], logprob=token["logprob"]) for token in tokens]),
    )
    return ModelOutput(
        model=model,
        choices=[choice],
        completion=reply["text"],
        usage=ModelUsage(**usage, total_tokens=sum(usage.values())),
        metadata={"cached": True} if reply["cached"] else None,
    )
