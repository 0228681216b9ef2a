"""The scripted model writes programs that call tools: the chain is thought through with stand-ins for the replies."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.llms.scripts.tools.answers import focus
from toolbench_eval.llms.scripts.tools.mind import DoneCall, ToolView, next_move
from toolbench_eval.llms.scripts.tools.talk import rows_in
from toolbench_eval.llms.scripts.tools.values import kind_of, type_of
from toolbench_eval.llms.scripts.tools.words import stem, stems, words

MOST_STEPS = 8
_SNAKE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_VARIABLE = re.compile(r"\{(\w+)\}")
_SHAPES = {"date": "29{:02}-01-{:02}", "time": "{:02}:{:02}", "number": "98{:02}{:02}"}
"""What a stand-in must look like for an argument of a kind, made of step and place."""

HELPERS = """import json
import re

def tokens(value):
    return re.findall(r"[a-z0-9]+", str(value).lower())

def find(value, key):
    if isinstance(value, dict):
        if key in value:
            return value[key]
        value = list(value.values())
    if isinstance(value, list):
        for one in sorted(value, key=lambda item: -len(set(WORDS) & set(tokens(item)))):
            found = find(one, key)
            if found is not None:
                return found
    return None

def seek(key, *values):
    for value in values:
        found = find(value, key)
        if found is not None:
            return found
    return None
"""
ANSWER = """
def answer(value):
    if isinstance(value, list) and value:
        value = sorted(value, key=lambda item: -len(set(WORDS) & set(tokens(item))))[0]
    if isinstance(value, dict):
        for wanted in KEYS:
            for key in value:
                if any(token.startswith(wanted) for token in tokens(key)):
                    return answer(value[key])
    return value if isinstance(value, str) else json.dumps(value)
"""


@dataclass(frozen=True)
class Told:
    """A tool as a prompt tells of it.

    Attributes:
        view: Name, description, arguments.
        returns: Outline of its reply, None where the prompt has none.
        method: HTTP method, empty for a function.
        url: Address.
        example: Program that called it, empty where there is none.
    """

    view: ToolView
    returns: Any = None
    method: str = ""
    url: str = ""
    example: str = ""

    @property
    def known(self) -> bool:
        """Whether something is told of the reply."""
        return self.returns not in (None, {}, [], [{}], "any")

    @property
    def required(self) -> list[str]:
        """Arguments that it must have."""
        return list(self.view.parameters.get("required", ()))


@dataclass(frozen=True)
class Ref:
    """A value of an earlier reply."""

    step: int
    key: str


@dataclass(frozen=True)
class Step:
    """A call of the chain: the tool, and arguments that are values or references."""

    tool: Told
    arguments: Mapping[str, Any]


def told_in(text: str) -> list[Told]:
    """The tools of the first block of a text."""
    return [_told(row) for row in rows_in(text, "tools")]


def _told(row: Mapping[str, Any]) -> Told:
    parameters = row.get("parameters", {})
    plain = {name: _of_one_type(schema) for name, schema in parameters.get("properties", {}).items()}
    view = ToolView(row["name"], str(row.get("description", "")), {**parameters, "properties": plain})
    example = row.get("example", {}).get("program", "")
    return Told(view, row.get("returns"), row.get("method", ""), row.get("url", ""), example)


def _of_one_type(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**schema, "type": type_of(schema)} if isinstance(schema.get("type"), list) else schema


def chain(request: str, tools: Sequence[Told], barren: Collection[str] = ()) -> tuple[list[Step], Ref | None]:
    """The calls that a request seems to need, and the value that seems to be the answer.

    Args:
        request: The request.
        tools: What may be called.
        barren: Names of the tools that are known to bring nothing; they are not called.
    """
    by_name, stand_ins = {tool.view.name: tool for tool in tools}, dict[Any, Ref]()
    views, done, steps = [tool.view for tool in tools], list[DoneCall](), list[Step]()
    move = next_move(request, views, done)
    while move.tool is not None and len(done) < MOST_STEPS:
        tool = by_name[move.tool]
        reply: dict[str, Any] = {}
        if move.tool not in barren:
            steps.append(Step(tool, {name: _referred(value, stand_ins) for name, value in move.arguments.items()}))
            reply = _reply(tool, tools, request, len(steps), stand_ins)
        done.append(DoneCall(move.tool, move.arguments, json.dumps(reply)))
        move = next_move(request, views, done)
    return steps, stand_ins.get(move.answer)


def program(request: str, steps: Sequence[Step], answer: Ref | None, *, careful: bool) -> str:
    """A program for a chain.

    Args:
        request: The request.
        steps: The calls.
        answer: The value that is printed; the last reply where there is none.
        careful: Whether values are searched for in replies. Without care, the first name that comes to mind is taken
            for their key where the prompt does not tell of the reply.
    """
    said = sorted(set(re.findall(r"[a-z0-9]+", request.lower())))
    lines = [f"WORDS = {said}", f"KEYS = {focus(request)}"]
    if any(step.tool.url for step in steps):
        lines.insert(0, "import requests")
    for number, step in enumerate(steps, start=1):
        earlier = steps[: number - 1]
        arguments = {name: _written(value, earlier, careful) for name, value in step.arguments.items()}
        lines.append(f"r{number} = {call(step.tool, arguments)}  # {step.tool.view.name}")
    last = f"r{len(steps)}"
    shown = last if answer is None else f"{_written(answer, steps, careful=True)} or {last}"
    lines.append(f"print(answer({shown}))" if steps else "print('None of the tools helps.')")
    return "\n".join([*HELPERS.splitlines(), *ANSWER.splitlines(), "", *lines])


def call(tool: Told, arguments: Mapping[str, str]) -> str:
    """A call as Python, given the arguments as Python."""
    if not tool.url:
        return f"{tool.view.name}({', '.join(f'{name}={value}' for name, value in arguments.items())})"
    pieces = _VARIABLE.split(tool.url)
    address = " + ".join(
        f"str({arguments.get(piece, repr(piece))})" if at % 2 else repr(piece)
        for at, piece in enumerate(pieces)
        if piece
    )
    rest = ", ".join(f"{name!r}: {value}" for name, value in arguments.items() if name not in pieces[1::2])
    place = "params" if tool.method in {"GET", "DELETE"} else "json"
    return f"requests.{tool.method.lower()}({address}{f', {place}={{{rest}}}' if rest else ''}).json()"


def _written(value: Any, earlier: Sequence[Step], careful: bool) -> str:
    """A value as Python; one of an earlier reply is looked for there, and then in the others, the last first."""
    if isinstance(value, list):
        return f"[{', '.join(_written(one, earlier, careful) for one in value)}]"
    if not isinstance(value, Ref):
        return repr(value)
    if not careful and not earlier[value.step - 1].tool.known:
        return f"r{value.step}[{value.key.rpartition('_')[2]!r}]"
    others = [number for number in range(len(earlier), 0, -1) if number != value.step]
    return f"seek({value.key!r}, {', '.join(f'r{number}' for number in [value.step, *others])})"


def _referred(value: Any, stand_ins: Mapping[Any, Ref]) -> Any:
    if isinstance(value, list):
        return [_referred(one, stand_ins) for one in value]
    return stand_ins.get(value, value) if isinstance(value, str | int) else value


def _reply(tool: Told, tools: Sequence[Told], request: str, step: int, stand_ins: dict[Any, Ref]) -> dict[str, Any]:
    """A reply with the keys that the tool has or speaks of; the values stand for those that will come."""
    arguments = {name: schema for one in tools for name, schema in one.view.parameters.get("properties", {}).items()}
    keys = list(dict.fromkeys(_keys(tool.returns) if tool.known else _guessed(tool, arguments, request)))
    reply = {}
    for place, key in enumerate(keys, start=1):
        shape = _SHAPES.get(kind_of(key, arguments.get(key, {})), f"{key}-{{}}-{{}}")
        number = type_of(arguments.get(key, {})) in {"integer", "number"}
        value: Any = shape.format(step, place)
        reply[key] = int(_SHAPES["number"].format(step, place)) if number else value
        stand_ins[reply[key]] = Ref(step, key)
    return reply


def _keys(outline: Any) -> Iterator[str]:
    if isinstance(outline, Mapping):
        for key, inside in outline.items():
            if isinstance(inside, Mapping | list):
                yield from _keys(inside)
            yield str(key)
    elif isinstance(outline, list) and outline:
        yield from _keys(outline[0])


def _guessed(tool: Told, arguments: Mapping[str, Any], request: str) -> Iterator[str]:
    """Names that a description gives to values, and what is asked for if it speaks of that."""
    said = tool.view.description
    yield from _SNAKE.findall(said)
    yield from (name for name in arguments if re.search(rf"\b{re.escape(name)}\b", said))
    wanted = set(stems(request))
    yield from (word for word in words(said) if stem(word) in wanted)
