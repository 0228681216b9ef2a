"""The scripted model in ATC: a program for the chain, the tool to blame for its failure, a more careful program.

Where a prompt does not tell what a tool returns, the first program takes the first key that comes to mind; that is the
mistake which attribution and revision have to mend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from toolbench_eval.agents.atc.attribution import names_in
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import asked_of, unfill
from toolbench_eval.llms.scripts.tools.programs import chain, program, told_in
from toolbench_eval.prompts import load_prompt

_PROMPT = load_prompt("atc-1")
_LINE = re.compile(r"\bline (\d+)")
_MISREAD = re.compile(r"^(?:Key|Type|Index)Error", re.MULTILINE)
_SUBSCRIPT = re.compile(r"\br(\d+)\[")
_NOT_FOUND = re.compile(r"\bseek\('\w+', r(\d+)")
_CALL = re.compile(r"^r(\d+) = .*  # (\S+)$")


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of ATC, None to any other."""
    if not asked_of(_PROMPT, messages):
        return None
    asked = messages[1].text
    if review := unfill(_PROMPT.texts["attribute"], asked):
        return f"Tool: {_to_blame(review) or 'none'}"
    request = unfill(_PROMPT.texts["program"], asked)
    if request is None:
        return None
    tools = told_in(request["tools"])
    steps, answer = chain(request["request"], tools, _barren(messages, [tool.view.name for tool in tools]))
    written = program(request["request"], steps, answer, careful=len(messages) > 2)
    return f"```python\n{written}\n```"


def _to_blame(review: Mapping[str, str]) -> str | None:
    """The tool of the line that failed, or the one whose reply was misread there; else the last that was called."""
    fault, lines = review["fault"], review["program"].splitlines()
    called = {int(found[1]): found[2] for line in lines if (found := _CALL.match(line))}
    at = next((int(number) for number in reversed(_LINE.findall(fault)) if int(number) <= len(lines)), None)
    line = "" if at is None else lines[at - 1]
    used = _SUBSCRIPT if _MISREAD.search(fault) else _NOT_FOUND if "None is not" in fault else None
    source = used.search(line) if used else None
    if source:
        return called.get(int(source[1]))
    here = _CALL.match(line)
    return here[2] if here else called[max(called)] if called else None


def _barren(messages: Sequence[Message], names: Sequence[str]) -> set[str]:
    """The tools that were blamed for a failure that was no slip of the program."""
    found: set[str] = set()
    for message in messages[3::2]:
        heard = unfill(_PROMPT.texts["revise"], message.text) or unfill(_PROMPT.texts["revise_output"], message.text)
        if heard and not _MISREAD.search(heard["fault"]):
            found |= set(names_in(heard["blame"].partition("\n")[0], names))
    return found
