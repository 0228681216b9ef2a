"""Built requests as conversations with calls, in the messages of OpenAI's API: what trainers and samplers read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolbench_eval.environments.base import ToolSpec, shown
from toolbench_eval.training.built import Built, MadeCall

Turn = dict[str, Any]


def conversation_of(item: str, built: Built) -> dict[str, Any]:
    """A built request as TTPA's sampler takes it: `id`, `system`, `conversations`, `tools` (JSON text).

    Calls that brought nothing are left out: nobody is to learn them, and the replay has shown that it works without.
    """
    return {
        "id": item,
        "system": "",
        "conversations": list(_turns(built)),
        "tools": json.dumps(function_records(built.scene.tools), ensure_ascii=False),
    }


def function_records(tools: Iterable[ToolSpec]) -> list[dict[str, Any]]:
    """Tools as OpenAI's API takes them."""
    return [{"type": "function", "function": _described(tool)} for tool in tools]


def _described(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}


def _turns(built: Built) -> Iterator[Turn]:
    yield {"role": "user", "content": built.question}
    for number, call in enumerate(built.done):
        made = f"call_{number}"
        yield {"role": "assistant", "content": "", "tool_calls": [_call(made, call)]}
        yield {"role": "tool", "tool_call_id": made, "name": call.name, "content": call.result.text}
    yield {"role": "assistant", "content": built.answer}


def _call(made: str, call: MadeCall) -> Mapping[str, Any]:
    return {"id": made, "type": "function", "function": {"name": call.name, "arguments": shown(call.arguments)}}
