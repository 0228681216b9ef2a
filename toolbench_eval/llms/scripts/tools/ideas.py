"""Ideas of the scripted writer: which tools go together, and what their arguments could be.

Values come from the schemas alone: choices, examples, defaults, "such as ..." in a description; numbers, dates and
times are made up. An id is never made up: another tool has to tell it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from toolbench_eval.environments.base import json_or_text
from toolbench_eval.llms.scripts.tools.filling import properties, required, role
from toolbench_eval.llms.scripts.tools.mind import DoneCall, ToolView
from toolbench_eval.llms.scripts.tools.values import fields, kind_of
from toolbench_eval.llms.scripts.tools.words import stems, words

DEEPEST = 3
"""Tools in a chain."""
_SUCH_AS = re.compile(r"(?:\be\.g\.|\bsuch as|\bfor example|\bfor instance)[:,]?\s+([^.;()]+)", re.IGNORECASE)
_MADE_UP: Mapping[str, tuple[Any, ...]] = {
    "number": (2, 3, 4, 5),
    "date": ("2034-02-07", "2034-02-08", "2034-02-09", "2034-02-10"),
    "time": ("09:00", "10:00", "14:00"),
    "truth": (True,),
}


def chance(text: str, number: int) -> int:
    """One of 0 to number - 1, by the text alone."""
    return zlib.crc32(text.encode()) % number


def together(tools: Sequence[ToolView], fewest: int, most: int, salt: str) -> list[ToolView]:
    """Tools that can be called one after the other, each with values at hand by then."""
    count = fewest + chance(salt, most - fewest + 1)
    chosen: list[ToolView] = []
    for tool in sorted(tools, key=lambda one: zlib.crc32(f"{salt}{one.name}".encode())):
        chain = [one for one in _chain(tool, tools, chosen, ()) or () if one not in chosen]
        if len(chosen) + len(chain) <= count:
            chosen += chain
    return chosen or list(tools[:1])


def _chain(
    tool: ToolView, tools: Sequence[ToolView], chosen: Sequence[ToolView], stack: tuple[str, ...]
) -> list[ToolView] | None:
    """The tool behind those that bring what it lacks; None where nothing brings that."""
    if tool in chosen:
        return []
    if tool.name in stack or len(stack) >= DEEPEST:
        return None
    before: list[ToolView] = []
    for name in required(tool):
        if examples(name, properties(tool)[name]):
            continue
        bringers = (one for one in (*chosen, *tools) if one is not tool and _brings(one, name, properties(tool)[name]))
        found = next(
            (way for one in bringers if (way := _chain(one, tools, chosen, (*stack, tool.name))) is not None), None
        )
        if found is None:
            return None
        before += [one for one in found if one not in before]
    return [*before, tool]


def _brings(tool: ToolView, name: str, schema: Mapping[str, Any]) -> bool:
    """Whether what is said of a tool lets one hope for a value of an argument."""
    if re.search(rf"\b{re.escape(tool.name)}\b", str(schema.get("description", ""))):
        return True
    if re.search(rf"\b{re.escape(name)}\b", tool.description):
        return name not in required(tool)
    return (
        name not in required(tool) and bool(role(name)) and role(name) <= set(stems(f"{tool.name} {tool.description}"))
    )


def examples(name: str, schema: Mapping[str, Any]) -> list[Any]:
    """Values that an argument could have."""
    if schema.get("enum"):
        return list(schema["enum"])
    given = schema.get("examples")
    found = [*(given if isinstance(given, list) else ()), schema.get("example"), schema.get("default")]
    found += [part for said in _SUCH_AS.findall(str(schema.get("description", ""))) for part in _parts(said)]
    there = [one for one in found if one not in (None, "", [], {})]
    return there or list(_MADE_UP.get(kind_of(name, schema), ()))


def _parts(said: str) -> Iterator[str]:
    for part in re.split(r",\s*(?:or\s+|and\s+)?|\s+or\s+|\s+and\s+", said.strip()):
        yield part.strip(" '\"`")


def value_for(name: str, schema: Mapping[str, Any], salt: str, taken: Collection[Any]) -> Any:
    """One of the values that an argument could have, if possible none that is taken; None where there is none."""
    there = examples(name, schema)
    free = [one for one in there if one not in taken] or there
    return free[chance(f"{salt}{name}", len(free))] if free else None


def arguments(tool: ToolView, facts: Mapping[str, Any], done: Sequence[DoneCall]) -> dict[str, Any] | None:
    """The arguments of a call, from facts and from results; None where a required one is missing."""
    found = {name: facts[name] for name in properties(tool) if name in facts}
    for name in required(tool):
        if name not in found:
            value = _told(name, done)
            if value is None:
                return None
            found[name] = value
    return found


def _told(name: str, done: Sequence[DoneCall]) -> Any:
    """The value that a result has for an argument, the newest result first."""
    for at, call in reversed(list(enumerate(done))):
        if call.ok:
            for field in fields(call.result_text, at):
                if field.key == name or name.endswith(f"_{field.key}"):
                    return field.value
    return None


def phrase(tool: ToolView) -> str:
    """What a tool does, as what somebody wants to do: `list the pets of a shelter`."""
    first = re.split(r"(?<=[.!?])\s|[,;:]|\n", tool.description.strip() or " ".join(words(tool.name)), maxsplit=1)[0]
    plain = re.sub(r"\w+_\w+", lambda name: " ".join(words(name[0])), first).strip(" .")
    verb, _, rest = plain.partition(" ")
    return f"{_bare(verb.lower())} {rest}".strip()


def _bare(verb: str) -> str:
    """A verb without the ending of its third person."""
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    if verb.endswith(("ches", "shes", "sses", "xes")):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") and not verb.endswith("ss") else verb


def fact_lines(facts: str) -> dict[str, Any]:
    """Facts of the form `- name: value`."""
    pairs = (line.removeprefix("- ").partition(": ") for line in facts.splitlines())
    return {name: json_or_text(value) for name, colon, value in pairs if colon}
