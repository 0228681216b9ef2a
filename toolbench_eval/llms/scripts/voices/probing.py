"""The scripted model in probing: it guesses arguments, learns from what it is told, and asks known tools for ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from toolbench_eval.agents.atc.attribution import names_in
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import asked_of, unfill
from toolbench_eval.llms.scripts.tools.programs import HELPERS, Told, call, told_in
from toolbench_eval.llms.scripts.tools.values import kind_of
from toolbench_eval.llms.scripts.tools.words import words
from toolbench_eval.prompts import load_prompt

_PROMPT = load_prompt("probing-1")
_QUOTED = re.compile(r"'([^'\n]{1,40})'")
_GUESSES: dict[str, Any] = {"date": "2030-01-01", "time": "09:00", "number": 1, "truth": True, "id": "1", "text": "a"}


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of probing, None to any other."""
    if not asked_of(_PROMPT, messages):
        return None
    asked = messages[1].text
    if heard := unfill(_PROMPT.texts["select"], asked):
        return _selected(told_in(heard["tool"])[0], told_in(heard["known"]))
    heard = unfill(_PROMPT.texts["chain"], asked) or unfill(_PROMPT.texts["probe"], asked)
    if heard is None:
        return None
    complaints = [message.text for message in messages[2:] if message.role == "user"]
    tool, known = told_in(heard["tool"])[0], told_in(heard.get("known", ""))
    return f"Query: {tool.view.description.split('.')[0]}.\n```python\n{probe(tool, known, complaints)}\n```"


def probe(tool: Told, known: Sequence[Told], complaints: Sequence[str]) -> str:
    """A program that calls a tool with values of known tools where these have them, and with guesses elsewhere."""
    lines, arguments = ["import json", "WORDS = []"], {}
    for name in tool.required:
        source = next((one for one in known if one.example and _supplies(one, name)), None)
        if source is None:
            arguments[name] = repr(guess(tool, name, complaints))
            continue
        made = re.search(r"^result = (.*)$", source.example, re.MULTILINE)
        lines.append(f"{source.view.name}_reply = {made[1] if made else call(source, {})}")
        arguments[name] = f"find({source.view.name}_reply, {_key(source, name)!r})"
    lines += [f"result = {call(tool, arguments)}", "print(json.dumps(result))"]
    return "\n".join([*HELPERS.splitlines(), *lines] if len(lines) > 4 else lines)


def guess(tool: Told, name: str, complaints: Sequence[str] = ()) -> Any:
    """A value for an argument: one of its own examples, one that a complaint quotes, or the plainest of its kind."""
    schema = tool.view.parameters.get("properties", {}).get(name, {})
    tried = [schema.get("default"), *schema.get("examples", ())[:1], *schema.get("enum", ())[:1]]
    given = [value for value in tried if value is not None]
    if given:
        return given[0]
    if schema.get("type") == "array":
        return list(schema.get("items", {}).get("enum", ("a",)))[:1]
    plain = _GUESSES.get(kind_of(name, schema), "a")
    quoted = [word for text in complaints for word in _QUOTED.findall(text) if word not in {name, str(plain)}]
    if schema.get("type") == "string" and quoted:
        return quoted[-1]
    return int(plain) if schema.get("type") in {"integer", "number"} and str(plain).isdigit() else plain


def _selected(tool: Told, known: Sequence[Told]) -> str:
    names = [one.view.name for one in known]
    schemas = tool.view.parameters.get("properties", {})
    said = " ".join(str(schemas.get(name, {}).get("description", "")) for name in tool.required)
    chosen = [
        one
        for one in names
        if one in names_in(said, names)
        or any(set(words(name)) <= {*words(one), *words(_description(known, one))} for name in tool.required)
    ]
    return "```output\n" + "\n".join(f"[{number}] {one}" for number, one in enumerate(chosen, start=1)) + "\n```"


def _description(known: Sequence[Told], name: str) -> str:
    return next(one.view.description for one in known if one.view.name == name)


def _supplies(tool: Told, name: str) -> bool:
    return _key(tool, name) is not None


def _key(tool: Told, name: str) -> str | None:
    """The key of a reply that an argument is named after: `shelf_id` itself, or `id`."""
    found = re.findall(r"'(\w+)':", str(tool.returns))
    return next((key for key in found if key == name or name.endswith(f"_{key}")), None)
