"""Tools in chat templates of transformers: offered by the template, calls read by the tokenizer's response template.

A chat template says how tools and calls are shown to a model. How its calls are read back is said by a response
template (https://huggingface.co/docs/transformers/chat_response_parsing), which a tokenizer has or has not; nothing is
guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolbench_eval.llms.base import Message, NativeCall, OfferedTool
from toolbench_eval.llms.native_calls import no_native_calls, read_calls, tool_as_json, turn_for_template


def check_tools(tokenizer: Any, name: str) -> None:
    """Refuse a model whose tokenizer knows no tools.

    Raises:
        UsageError: Its chat template does not show them, or nothing says how its calls are read.
    """
    if getattr(tokenizer, "response_template", None) is None:
        raise no_native_calls(name, "has no response template, which says how its calls of tools are read")
    probe = OfferedTool("probe", "", {"type": "object", "properties": {}})
    ask = [Message("user", "?")]
    if tokenizer.chat_template is None or rendered(tokenizer, ask) == rendered(tokenizer, ask, [probe]):
        raise no_native_calls(name, "has a chat template that shows no tools")


def rendered(tokenizer: Any, messages: Sequence[Message], tools: Sequence[OfferedTool] = (), **how: Any) -> Any:
    """A conversation by the chat template, with the assistant's turn opened; a text, or what the options ask for."""
    return tokenizer.apply_chat_template(
        [turn_for_template(message) for message in messages],
        tools=[tool_as_json(tool) for tool in tools] or None,
        add_generation_prompt=True,
        **{"tokenize": False, **how},
    )


def read_response(
    tokenizer: Any, prompt: Sequence[int], written: Sequence[int], tools: Sequence[OfferedTool]
) -> tuple[str, tuple[NativeCall, ...]] | None:
    """Text and calls of a reply; None where it is not in the model's own format, so that it is text as it stands.

    Args:
        tokenizer: Has a response template.
        prompt: Token ids that were read.
        written: Token ids that were written.
        tools: What was on offer; says which type an argument has.
    """
    offered = [tool_as_json(tool) for tool in tools]
    try:
        message = tokenizer.parse_response(list(written), prefix=list(prompt), tools=offered)
        return str(message.get("content") or ""), read_calls(message)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
