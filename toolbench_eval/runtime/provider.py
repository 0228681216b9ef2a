"""Our language models as the runtime sees them."""

from __future__ import annotations

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
    ModelOutput,
    ModelUsage,
    StopReason,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from toolbench_eval.llms.base import Message, Reply, Role, Sampling, Usage
from toolbench_eval.runtime.door import CALL, Call

MESSAGES: dict[Role, type[ChatMessageSystem] | type[ChatMessageUser] | type[ChatMessageAssistant]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}
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
            CallFailed: There was none.
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
    """A call as arguments of `Model.generate`."""
    return {"input": [message_of(message) for message in call.messages], "config": config_of(call)}


def message_of(message: Message) -> ChatMessage:
    """A message in the runtime's form."""
    return MESSAGES[message.role](content=message.text)


def config_of(call: Call) -> GenerateConfig:
    """Sampling, and the number of the try where it is not the first."""
    sampling = call.sampling
    return GenerateConfig(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_tokens,
        stop_seqs=list(sampling.stop) or None,
        seed=sampling.seed,
        logprobs=sampling.logprobs or None,
        extra_body={"attempt": call.attempt} if call.attempt else None,
    )


def output_of(model: str, reply: Reply) -> ModelOutput:
    """A reply in the runtime's form.

    Usage is always there: where it is not, the runtime would count tokens, and fetch a tokenizer for it.
    """
    usage = reply.usage or Usage()
    tokens = None if reply.tokens is None else [Logprob(token=one.text, logprob=one.logprob) for one in reply.tokens]
    choice = ChatCompletionChoice(
        message=ChatMessageAssistant(content=reply.text, model=model, source="generate"),
        stop_reason=REASONS.get(reply.finish, "unknown"),
        logprobs=None if tokens is None else Logprobs(content=tokens),
    )
    return ModelOutput(
        model=model,
        choices=[choice],
        completion=reply.text,
        usage=ModelUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            total_tokens=usage.input_tokens + usage.output_tokens,
        ),
        metadata={"cached": True} if reply.cached else None,
    )
