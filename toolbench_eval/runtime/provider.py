"""Our language models as the runtime sees them."""

from __future__ import annotations

from dataclasses import asdict
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
    ModelOutput,
    ModelUsage,
    StopReason,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from toolbench_eval.agents.session import sound, sound_message
from toolbench_eval.llms.base import Message, Reply, Usage
from toolbench_eval.llms.runtime_forms import calls_of, config_of, messages_of, tools_of
from toolbench_eval.runtime.door import CALL, Call

REASONS: dict[str, StopReason] = {
    "stop": "stop",
    "length": "max_tokens",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
}


class Double(ModelAPI):
    """Stands for a model in the runtime; the agent's thread asks the model itself (see `door`)."""

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """Give the word to the call that is waiting, and take its answer.

        Raises:
            NoAnswerError: There was none.
        """
        return output_of(self.model_name, await CALL.get().reply())

    def connection_key(self) -> str:
        """Models do not share a bound on calls."""
        return self.model_name

    def collapse_user_messages(self) -> bool:
        """Two messages of a user that follow one another stay two."""
        return False


def double_of(name: str, most: int) -> Model:
    """A model of the runtime that stands for one of ours.

    Args:
        name: Its name in the log.
        most: Calls that are open at a time.
    """
    api = modelapi(name="toolbench_eval")(Double)(name)
    return Model(api, GenerateConfig(max_connections=most, max_retries=0))


def asked(call: Call) -> dict[str, Any]:
    """A call as arguments of `Model.generate`; the number of the try is noted where it is not the first."""
    attempt = {"extra_body": {"attempt": call.attempt}} if call.attempt else {}
    return {
        "input": messages_of(map(sound_message, call.messages)),
        "tools": tools_of(call.sampling.tools),
        "config": config_of(call.sampling, **attempt),
    }


def output_of(model: str, reply: Reply) -> ModelOutput:
    """A reply in the runtime's form.

    Usage is always there: where it is not, the runtime would count tokens, and fetch a tokenizer for it.
    """
    usage = reply.usage or Usage()
    logprobs = None
    if reply.tokens is not None:
        logprobs = Logprobs(content=[Logprob(token=sound(one.text), logprob=one.logprob) for one in reply.tokens])
    said = sound_message(Message("assistant", reply.text, reply.calls))
    message = ChatMessageAssistant(content=said.text, tool_calls=calls_of(said.calls), model=model, source="generate")
    stop_reason = REASONS.get(reply.finish, "unknown")
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message, stop_reason=stop_reason, logprobs=logprobs)],
        completion=said.text,
        usage=ModelUsage(**asdict(usage), total_tokens=usage.input_tokens + usage.output_tokens),
        metadata={"cached": True} if reply.cached else None,
    )
