"""The scripted model in AutoTools' notebook: plain functions around tools, and one call a cell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolbench_eval.environments.base import json_or_text
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import asked_of, block_in, unfill
from toolbench_eval.llms.scripts.tools.mind import DoneCall, ToolView, next_move
from toolbench_eval.llms.scripts.tools.programs import Told, told_in
from toolbench_eval.llms.scripts.tools.talk import rows_in
from toolbench_eval.llms.scripts.voices.probing import guess
from toolbench_eval.prompts import load_prompt

_PROMPT = load_prompt("autotools-1")
_CELL = re.compile(r"# call: (.*)")
_TEST = re.compile(r"^\s*# test: (.*?)(?:\"\"\"|''')?$", re.MULTILINE)
_ARGUMENT = re.compile(r"^(\w+) \((\w+)\)(\*?): (.*)$", re.MULTILINE)


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of AutoTools, None to any other."""
    if not asked_of(_PROMPT, messages):
        return None
    asked = messages[1].text
    if heard := unfill(_PROMPT.texts["encapsulate"], asked):
        complaints = [message.text for message in messages[2:] if message.role == "user"]
        return _fenced(_function(told_in(heard["tool"])[0], heard["name"], complaints))
    if heard := unfill(_PROMPT.texts["verify"], asked):
        test = _TEST.search(heard["function"])
        return _fenced(test[1] if test else f"print({heard['name']}())")
    heard = unfill(_PROMPT.texts["solve"], asked)
    return None if heard is None else _fenced(_cell(heard["request"], list(_views(heard["tools"])), messages))


def _function(tool: Told, name: str, complaints: Sequence[str]) -> str:
    schemas: Mapping[str, Mapping[str, Any]] = tool.view.parameters.get("properties", {})
    ordered = sorted(schemas, key=lambda one: one not in tool.required)
    given = ", ".join(one if one in tool.required else f"{one}=None" for one in ordered)
    test = f"print({name}({', '.join(f'{one}={guess(tool, one, complaints)!r}' for one in tool.required)}))"
    documented = [
        f"{one} ({schemas[one].get('type', 'any')}){'*' if one in tool.required else ''}: "
        f"{schemas[one].get('description', '')}"
        for one in ordered
    ]
    docstring = "\n".join([tool.view.description, *documented, f"# test: {test}"])
    taken = ", ".join(f"{one!r}: {one}" for one in ordered)
    return "\n".join(
        [
            f"def {name}({given}):",
            f"    {docstring!r}",
            f"    given = {{{taken}}}",
            "    try:",
            f"        return {tool.view.name}(**{{key: value for key, value in given.items() if value is not None}})",
            "    except RuntimeError as error:",
            "        return {'error': str(error)}",
            "",
            test,
        ]
    )


def _cell(request: str, tools: Sequence[ToolView], messages: Sequence[Message]) -> str:
    done = list(_done(messages))
    move = next_move(request, tools, done)
    if move.tool is None:
        return f"finish(answer={move.answer or 'No tool helps.'!r})"
    given = ", ".join(f"{name}={value!r}" for name, value in move.arguments.items())
    called = json.dumps([move.tool, move.arguments])
    return (
        f"# call: {called}\nimport json\nr{len(done) + 1} = {move.tool}({given})\nprint(json.dumps(r{len(done) + 1}))"
    )


def _done(messages: Sequence[Message]) -> Iterator[DoneCall]:
    """The calls of earlier cells with what came of them."""
    for cell, told in zip(messages[2::2], messages[3::2], strict=False):
        called, output = _CELL.search(cell.text), block_in(told.text, "result")
        if called and output is not None:
            name, arguments = json.loads(called[1])
            value = json_or_text(output)
            yield DoneCall(name, arguments, output, not isinstance(value, str) and "error" not in _keys(value))


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, Mapping) else []


def _views(text: str) -> Iterator[ToolView]:
    """The functions of the prompt: tools as they are, and wrappers whose docstring names the arguments."""
    plain = {tool.view.name: tool.view for tool in told_in(text)}
    for row in rows_in(text, "tools"):
        if "docstring" not in row:
            yield plain[row["name"]]
            continue
        arguments = _ARGUMENT.findall(row["docstring"])
        schema = {
            "type": "object",
            "properties": {name: {"type": kind, "description": text} for name, kind, _, text in arguments},
            "required": [name for name, _, needed, _ in arguments if needed],
        }
        yield ToolView(row["name"], row["docstring"].partition("\n")[0], schema)


def _fenced(program: str) -> str:
    return f"```python\n{program}\n```"
