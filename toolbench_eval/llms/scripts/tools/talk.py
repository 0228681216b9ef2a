"""What a prompt says of tools: which there are, and which calls were made with what result."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from toolbench_eval.agents.shared.moves import Move as Written
from toolbench_eval.agents.shared.tool_moves import read_tool_move
from toolbench_eval.environments.base import json_or_text
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import block_in
from toolbench_eval.llms.scripts.tools.mind import DoneCall, Move, ToolView

_OBSERVED = re.compile(r"\AObservation \((\w+)\):\n<result>\n(.*?)\n</result>", re.DOTALL)


def tools_in(text: str) -> list[ToolView]:
    """The tools of the first `<tools>` block."""
    return [
        ToolView(row["name"], row.get("description", ""), row.get("parameters", {})) for row in rows_in(text, "tools")
    ]


def rows_in(text: str, tag: str) -> list[Mapping[str, Any]]:
    """The lines of JSON in the first block of a tag; lines that are none are left out."""
    rows = (json_or_text(line) for line in (block_in(text, tag) or "").splitlines())
    return [row for row in rows if isinstance(row, dict)]


def calls_in_rows(rows: Sequence[Mapping[str, Any]]) -> list[DoneCall]:
    """The calls among rows with `tool`, `arguments`, `status` and `result`."""
    return [
        DoneCall(row["tool"], _object(row.get("arguments")), str(row.get("result", "")), row.get("status") != "error")
        for row in rows
        if "tool" in row
    ]


def calls_in(messages: Sequence[Message]) -> list[DoneCall]:
    """The calls of a conversation: actions of the model, each followed by an observation."""
    return list(_observed(messages))


def _observed(messages: Sequence[Message]) -> Iterator[DoneCall]:
    for said, heard in pairwise(messages):
        move = read_tool_move(said.text, ()) if said.role == "assistant" else None
        found = _OBSERVED.match(heard.text)
        if move is not None and found is not None:
            yield DoneCall(move.name, _object(json_or_text(move.argument)), found[2], found[1] != "error")


def step(thought: str, name: str, argument: Mapping[str, Any] | str) -> str:
    """A step in the form in which the agents ask for it."""
    text = argument if isinstance(argument, str) else json.dumps(argument, ensure_ascii=False)
    return Written(thought, name, text).text


def call_step(move: Move) -> str:
    """A call as a step."""
    return step(move.thought, str(move.tool), move.arguments)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
