"""A model with native calls for `EndpointServer`: the scripted reader, asked in the words of the text form.

    with EndpointServer(native_reader) as server:
        ...

It computes its calls from the request alone: tools, messages and results of the request become the prompt of
`react-tools`, the reader answers that, and its action becomes a call. So it does natively what it does in text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from support.endpoint import Body
from toolbench_eval.agents.shared.tool_moves import arguments_of, read_tool_move, thought_of
from toolbench_eval.agents.shared.tool_prompting import observation, tool_block
from toolbench_eval.environments.base import ToolSpec, json_or_text
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripted import by_script
from toolbench_eval.prompts import load_prompt

Asked = Sequence[tuple[str, str]]
"""Names and arguments, as a model writes them."""


def reply(text: str | None = None, calls: Asked = (), *, read: int = 10, wrote: int = 5) -> Body:
    """A body of `/chat/completions`; ids are drawn as badly as they can be: all alike."""
    message: Body = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {"id": "same", "type": "function", "function": {"name": name, "arguments": arguments}}
            for name, arguments in calls
        ]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return {"choices": [choice], "usage": {"prompt_tokens": read, "completion_tokens": wrote}}


def native_reader(body: Body) -> Body:
    """What the reader does next; it says its thought beside its call."""
    said = by_script(_in_words(body))
    move = read_tool_move(said, ("Finish",))
    if move is None:
        return reply(said)
    if move.name == "Finish":
        return reply(f"{move.thought}\nAnswer: {move.argument}".strip())
    return reply(thought_of(move.thought) or None, [(move.name, json.dumps(arguments_of(move)))])


def called(body: Body) -> list[tuple[str, Any]]:
    """The calls in the conversation of a request, each with what came of it."""
    answers = {one["tool_call_id"]: one["content"] for one in body["messages"] if one["role"] == "tool"}
    made = [call for one in body["messages"] for call in one.get("tool_calls", ())]
    assert [call["id"] for call in made] == list(answers)  # every call has one answer, in order
    return [(call["function"]["name"], json_or_text(answers[call["id"]])) for call in made]


def _in_words(body: Body) -> list[Message]:
    """The request in the text form of `react-tools`."""
    prompt = load_prompt("react-tools-1")
    specs = [ToolSpec(**tool["function"]) for tool in body["tools"]]
    system, opening, *later = body["messages"]
    request = opening["content"].removeprefix("Request: ").partition("\n\nCall tools")[0]
    asked = prompt.fill("opening", request=request, tools=tool_block(specs), form=opening["content"].splitlines()[-1])
    assert system["role"] == "system"
    return [Message("system", prompt.texts["system"]), Message("user", asked), *(_turn(one) for one in later)]


def _turn(message: Body) -> Message:
    if message["role"] == "tool":
        failed = isinstance(found := json_or_text(message["content"]), dict) and "error" in found
        return Message("user", observation("error" if failed else "ok", message["content"]))
    if message.get("tool_calls"):
        [call] = message["tool_calls"]
        function = call["function"]
        thought = message["content"] or ""
        return Message("assistant", f"Thought: {thought}\nAction: {function['name']}[{function['arguments']}]")
    return Message(message["role"], message["content"])
