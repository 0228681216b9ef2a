"""The single-turn categories of the Berkeley Function Calling Leaderboard, version 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.environments.schemas import plain_schema
from toolbench_eval.metrics.tools.bfcl import SINGLE_TURN, language_of

_LANGUAGES = {"java": "Java", "javascript": "JavaScript"}


def bfcl(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `id`, `question` (one turn of messages) and `function`.

    The accepted calls are those of the same id in `possible_answer`; irrelevance and relevance have none. Arguments
    of Java and JavaScript functions are texts that hold source, as in the reference.

    Raises:
        DataError: A field is missing or of a wrong type, or there is no accepted answer although one is needed.
    """
    name = record.text("id")
    category = _category(record, name)
    accepted = _accepted(record, name, category, companions)
    functions = record.items("function")
    yield ToolProblem(
        id=name,
        text=_text(record),
        candidates=tuple(dict.fromkeys(str(_object(one, record, at)["name"]) for at, one in enumerate(functions))),
        gold_calls=tuple(GoldCall(tool) for call in accepted for tool in call),
        setup={"tools": [_tool(one, category) for one in functions]},
        category=category,
        extra={"accepted": accepted, "functions": functions},
    )


def _category(record: Record, name: str) -> str:
    for category in sorted(SINGLE_TURN, key=len, reverse=True):
        if name.startswith(f"{category}_"):
            return category
    raise record.fault(f"'{name}' is in none of the single-turn categories: {', '.join(SINGLE_TURN)}", "id")


def _accepted(record: Record, name: str, category: str, companions: Companions) -> list[Any]:
    if category.endswith("relevance"):
        return []
    if name not in companions.accepted:
        raise record.fault("has no accepted answer: possible_answer/ beside the records must hold its id", "id")
    answer = companions.accepted[name]
    calls = answer.items("ground_truth")
    if not calls or not all(isinstance(call, Mapping) and len(call) == 1 for call in calls):
        raise answer.fault("must be a list of calls, each an object with one name", "ground_truth")
    return calls


def _text(record: Record) -> str:
    """What the user says; who speaks stands in front where there are several."""
    turns = record.items("question")
    if len(turns) != 1 or not isinstance(turns[0], list):
        raise record.fault(f"must hold one turn, found {len(turns)}", "question")
    messages = [message for message in turns[0] if isinstance(message, Mapping)]
    if not messages or not all(isinstance(one.get("content"), str) for one in messages):
        raise record.fault("must hold messages with 'role' and 'content'", "question[0]")
    if len(messages) == 1:
        return str(messages[0]["content"])
    return "\n\n".join(f"{str(one.get('role', 'user')).capitalize()}: {one['content']}" for one in messages)


def _object(value: Any, record: Record, at: int) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise record.fault(f"must be an object with a name, found {described(value)}", f"function[{at}]")
    return value


def _tool(function: Mapping[str, Any], category: str) -> dict[str, Any]:
    """A function as a tool; in Java and JavaScript every argument is a text of source."""
    language = _LANGUAGES.get(language_of(category))
    parameters = plain_schema(function.get("parameters"))
    parameters.setdefault("type", "object")
    if language:
        declared = (function.get("parameters") or {}).get("properties") or {}
        parameters["properties"] = {name: _source(one, language) for name, one in declared.items()}
    return {
        "name": function["name"],
        "description": str(function.get("description", "")),
        "parameters": parameters,
    }


def _source(schema: Mapping[str, Any], language: str) -> dict[str, str]:
    told = f"{schema.get('description', '')} (source text of a {language} value of type {schema.get('type', 'any')})"
    return {"type": "string", "description": told.strip()}
