"""Messages, samplings, tools and replies in the agent runtime's form (inspect_ai)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from toolbench_eval.llms.base import Message, NativeCall, OfferedTool, Reply, Sampling, Token, Usage
from toolbench_eval.llms.endpoint import NotAnAnswer
from toolbench_eval.llms.native_calls import object_of

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput
    from inspect_ai.tool import ToolCall, ToolInfo

FINISHES = {"max_tokens": "length", "model_length": "length"}


def messages_of(messages: Iterable[Message]) -> list[ChatMessage]:
    """A conversation."""
    return [_message(message) for message in messages]


def _message(message: Message) -> ChatMessage:
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser

    if message.role == "tool":
        call = message.answers or NativeCall("", "", "")
        return ChatMessageTool(content=message.text, tool_call_id=call.id, function=call.name)
    if message.role == "assistant":
        return ChatMessageAssistant(content=message.text, tool_calls=calls_of(message.calls))
    return (ChatMessageSystem if message.role == "system" else ChatMessageUser)(content=message.text)


def calls_of(calls: Sequence[NativeCall]) -> list[ToolCall] | None:
    """Native calls, None where there are none; what is no object of arguments stands in `parse_error`."""
    from inspect_ai.tool import ToolCall

    found = [(call, object_of(call)) for call in calls]
    return [
        ToolCall(call.id, call.name, values or {}, None if values is not None else f"no JSON object: {call.arguments}")
        for call, values in found
    ] or None


def tools_of(tools: Iterable[OfferedTool]) -> list[ToolInfo]:
    """Tools on offer.

    The runtime's form of a schema has the common keywords only, and others are dropped. A schema that it cannot hold at
    all is told in the description.
    """
    return [_tool(tool) for tool in tools]


def _tool(tool: OfferedTool) -> ToolInfo:
    from inspect_ai.tool import ToolInfo, ToolParams
    from pydantic import ValidationError

    said = tool.description
    try:
        parameters = ToolParams.model_validate(tool.parameters)
    except ValidationError:
        parameters = ToolParams(additionalProperties=True)
        said = f"{said}\nArguments, as a JSON schema: {json.dumps(tool.parameters)}".strip()
    return ToolInfo(name=tool.name, description=said, parameters=parameters)


def config_of(sampling: Sampling, **more: Any) -> GenerateConfig:
    """A sampling without its tools."""
    from inspect_ai.model import GenerateConfig

    return GenerateConfig(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_tokens,
        stop_seqs=list(sampling.stop) or None,
        seed=sampling.seed,
        logprobs=sampling.logprobs or None,
        **more,
    )


def reply_of(output: ModelOutput) -> Reply:
    """The answer in an output of the runtime.

    Raises:
        NotAnAnswer: There is none.
    """
    if output.empty:
        raise NotAnAnswer(f"the output holds no message: {output.error or 'it is empty'}")
    choice, used, usage = output.choices[0], output.usage, None
    if used is not None:
        read = used.input_tokens + (used.input_tokens_cache_read or 0) + (used.input_tokens_cache_write or 0)
        usage = Usage(read, used.output_tokens)
    tokens = None
    if choice.logprobs is not None:
        tokens = tuple(Token(token.token, token.logprob) for token in choice.logprobs.content)
    calls = tuple(_call(call) for call in choice.message.tool_calls or ())
    finish = FINISHES.get(choice.stop_reason, choice.stop_reason)
    return Reply(output.completion, usage, finish, tokens, calls=calls)


def _call(call: ToolCall) -> NativeCall:
    """A call that the runtime read; what it could not read as arguments stands in its words."""
    return NativeCall(call.id, call.function, call.parse_error or json.dumps(call.arguments))
