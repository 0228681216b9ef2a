"""Native calls in the form that OpenAI gave them, which endpoints and chat templates speak.

Source: https://platform.openai.com/docs/api-reference/chat (`tools`, `tool_calls`, messages of the role `tool`), and
https://huggingface.co/docs/transformers/chat_extras for templates, where arguments are an object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import count
from typing import Any

from toolbench_eval.environments.base import portable
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import Message, NativeCall, OfferedTool

ADVICE = (
    "Models with native calls: openai/<model>, openai-api/<name>/<model>, models of the runtime's providers, and "
    "hf/<id or folder> where tokenizer and chat template know them. Any model can write calls as text: --set calls=text"
)


def no_native_calls(name: str, why: str = "has no format of its own for calls of tools") -> UsageError:
    """What to say of a model that has no native calls."""
    return UsageError(f"'{name}' {why}. {ADVICE}")


def tool_as_json(tool: OfferedTool) -> dict[str, Any]:
    """A tool as a request offers it."""
    return {"type": "function", "function": asdict(tool)}


def turn_as_json(message: Message) -> dict[str, Any]:
    """A message as a request holds it.

    Arguments that are no object are sent as an empty one: servers read them again for their templates, and refuse the
    whole conversation if they cannot (vLLM). What was wrong with them is said by the tool's answer.
    """
    turn: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.answers is not None:
        turn["tool_call_id"] = message.answers.id
    if message.calls:
        turn["content"] = message.text or None
        turn["tool_calls"] = [_call(call, json.dumps(object_of(call) or {})) for call in message.calls]
    return turn


def turn_for_template(message: Message) -> dict[str, Any]:
    """A message as chat templates take it."""
    turn: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.answers is not None:
        turn |= {"tool_call_id": message.answers.id, "name": message.answers.name}
    if message.calls:
        turn["tool_calls"] = [_call(call, object_of(call) or {}) for call in message.calls]
    return turn


def object_of(call: NativeCall) -> dict[str, Any] | None:
    """The arguments as an object, an empty one for an empty text; None where the model wrote something else."""
    try:
        found = portable(json.loads(call.arguments)) if call.arguments.strip() else {}
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_calls(message: Mapping[str, Any]) -> tuple[NativeCall, ...]:
    """The calls in a message that a model gave.

    Raises:
        TypeError, KeyError, AttributeError: They are none.
    """
    return tuple(_read(call) for call in message.get("tool_calls") or ())


def numbered(calls: Sequence[NativeCall], messages: Sequence[Message]) -> tuple[NativeCall, ...]:
    """The calls with ids of our own, which no call of the conversation has.

    Endpoints draw ids at random, and some give the same one twice or none; ours are the same in every run. Nine letters
    and digits are what Mistral asks for, others take anything.
    """
    taken = {call.id for message in messages for call in message.calls}
    free = (name for number in count(1) if (name := f"call{number:05d}") not in taken)
    return tuple(replace(call, id=name) for call, name in zip(calls, free, strict=False))


def _call(call: NativeCall, arguments: Any) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _read(call: Mapping[str, Any]) -> NativeCall:
    name, arguments = call["function"]["name"], call["function"].get("arguments")
    if not isinstance(name, str):
        raise TypeError("a call's name is a text")
    if not isinstance(arguments, str):  # some servers give the object itself, or nothing where there are no arguments
        arguments = "" if arguments is None else json.dumps(arguments)
    return NativeCall(str(call.get("id") or ""), name, arguments)
