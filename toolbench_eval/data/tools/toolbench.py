"""Queries of ToolBench and of StableToolBench (Guo et al. 2024, arXiv 2403.07714), with ToolBench's names of tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.environments.schemas import json_type

LONGEST = 64
"""Characters of a tool's name; of a longer one the end is kept."""
_OTHER = re.compile(r"[^一-龥a-zA-Z0-9_^]")
_RESERVED = {"from", "class", "return", "false", "true", "id", "and"}


def toolbench(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `query`, `api_list`, `relevant APIs` (pairs of tool and API) and `query_id`.

    ToolBench's example file numbers its queries anew in each `group`, which then stands in front of the id. The
    relevant APIs are those that the query was made from: a set, not a path,
    and nobody says that all are needed.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    tools: dict[str, dict[str, Any]] = {}
    for api in record.objects("api_list"):
        tool = _tool(api)
        tools.setdefault(tool["name"], tool)
    group, number = record.maybe("group"), record.text("query_id")
    relevant = [function_name(_text(tool, record), _text(api, record)) for tool, api in record.pairs("relevant APIs")]
    yield ToolProblem(
        id=number if group is None else f"{group}/{number}",
        text=record.text("query"),
        candidates=tuple(tools),
        gold_calls=tuple(GoldCall(name) for name in dict.fromkeys(relevant)),
        setup={"tools": list(tools.values())},
        category=group,
        extra={"unordered": True},
    )


def function_name(tool: str, api: str) -> str:
    """The name by which a model calls an API: `api_for_tool` in lower case, its last 64 characters (ToolBench)."""
    return f"{unreserved(standardised(api))}_for_{standardised(tool)}"[-LONGEST:]


def unreserved(name: str) -> str:
    """A name that is none of Python's words, as ToolBench's `change_name` makes it."""
    return f"is_{name}" if name in _RESERVED else name


def standardised(name: str) -> str:
    """A name with underscores for all signs but letters and digits, as ToolBench's `standardize` makes it."""
    plain = re.sub(r"_+", "_", _OTHER.sub("_", name)).lower().strip("_")
    return f"get_{plain}" if plain[:1].isdigit() else plain


def _tool(api: Record) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for field in ("required_parameters", "optional_parameters"):
        for parameter in api.objects(field, required=False):
            name = unreserved(standardised(parameter.text("name")))
            properties[name] = _schema(parameter)
            if field == "required_parameters":
                required.append(name)
    return {
        "name": function_name(api.text("tool_name"), api.text("api_name")),
        "description": api.maybe("api_description") or "",
        "parameters": {"type": "object", "properties": properties, "required": list(dict.fromkeys(required))},
        "category": api.maybe("category_name") or "",
    }


def _schema(parameter: Record) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    kind = json_type(parameter.values.get("type"))
    if kind:
        schema["type"] = kind
    if parameter.has("description"):
        schema["description"] = str(parameter.values["description"])
    if parameter.values.get("default") not in (None, ""):
        schema["example"] = parameter.values["default"]
    return schema


def _text(value: Any, record: Record) -> str:
    if not isinstance(value, str):
        raise record.fault("must be pairs of a tool's and an API's name", "relevant APIs")
    return value
