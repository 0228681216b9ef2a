"""Conversations with calls of tools, in the format of our samples."""

from __future__ import annotations

import json

from toolbench_eval.data.qa.record import Record


def record(*turns: dict[str, object], **more: object) -> Record:
    tools = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}]
    values = {"id": "c1", "system": "Be brief.", "conversations": list(turns), "tools": json.dumps(tools), **more}
    return Record(values, "f.json", 3)


def made(*calls: tuple[str, object]) -> dict[str, object]:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"function": {"name": name, "arguments": arguments}} for name, arguments in calls],
    }


ASKED = {"role": "user", "content": "Who is Ada?"}
HEARD = {"role": "tool", "content": "a person"}
