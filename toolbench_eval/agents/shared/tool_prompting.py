"""Tools and their results in a prompt: data in blocks that no description and no result can close or forge."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.session import Session
from toolbench_eval.environments.base import Status, ToolResult, ToolSpec, cut
from toolbench_eval.prompts import load_prompt

PROMPT = "tool-observation-1"
NO_TOOLS = "(there are no tools)"
_TAG = re.compile(r"<(\s*/?\s*(?:tools|result|done)\b[^>]*)>", re.IGNORECASE)


def tool_block(tools: Sequence[ToolSpec]) -> str:
    """The tools in a `<tools>` block, each a line of JSON with name, description and schema of the arguments."""
    listed = [
        {"name": tool.name, "description": one_line(tool.description), "parameters": tool.parameters} for tool in tools
    ]
    return block("tools", json_lines(listed) or NO_TOOLS)


def observation(status: Status, text: str) -> str:
    """The turn that tells a model what came of its call."""
    return load_prompt(PROMPT).fill("observation", status=status, result=block("result", text))


def cut_result(session: Session, name: str, result: ToolResult, characters: int) -> str:
    """A result as far as a prompt has room for it; that it was cut is noted, and stands at its end.

    Args:
        session: Where it is noted.
        name: The tool, for the note.
        result: What came of the call.
        characters: Most characters; the notice of the cut comes on top.
    """
    if len(result.text) > characters:
        session.note("cut", tool=name, shown=characters, of=len(result.text))
    return cut(result.text, characters)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """One line of JSON for each row; whatever a row says, it cannot begin a line of its own."""
    return "\n".join(json.dumps(row, ensure_ascii=False, default=dict) for row in rows)


def block(tag: str, text: str) -> str:
    """Any data as a block of its own; tags of blocks in it lose their brackets."""
    harmless = _TAG.sub(r"(\1)", text)
    return f"<{tag}>\n{harmless}\n</{tag}>"
