"""Recordings in the published formats of other benchmarks, and tools where only recordings are known.

Each reader takes records as JSON values; reading files is for the caller.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolbench_eval.environments.base import ErrorKind, Json, ToolSpec, json_or_text
from toolbench_eval.environments.codes import kind_of_code
from toolbench_eval.environments.recorded import Recording, recording_of
from toolbench_eval.errors import DataError

Record = Mapping[str, Any]

GET = "GET"
"""The tool of GeneGPT's recordings: a request for an address."""


def from_tooltalk(conversation: Record) -> Iterator[Recording]:
    """Calls of one ToolTalk conversation: `conversation[].apis[]` with request, response and exception."""
    for turn in conversation["conversation"]:
        for api in turn.get("apis") or ():
            request, exception = api["request"], api.get("exception")
            value = api["response"] if exception is None else {"error": exception}
            error: ErrorKind | None = None if exception is None else "tool_error"
            yield recording_of(request["api_name"], request["parameters"], value, error)


def from_tau(trajectory: Record) -> Iterator[Recording]:
    """Calls of one tau-bench trajectory; an output that begins with `Error` is an error, as its tools write it.

    Raises:
        DataError: An output belongs to no call.
    """
    calls: dict[str, Record] = {}
    for message in trajectory["traj"]:
        for call in message.get("tool_calls") or ():
            calls[call["id"]] = call["function"]
        if message["role"] != "tool":
            continue
        function = calls.get(message["tool_call_id"])
        if function is None:
            raise DataError(f"the output {message['tool_call_id']} belongs to no call", field="traj")
        text = message["content"]
        error: ErrorKind | None = "tool_error" if text.startswith("Error") else None
        yield Recording(function["name"], json.loads(function["arguments"]), json_or_text(text), text, error)


def from_apibank(dialogue: Record) -> Iterator[Recording]:
    """Calls of one API-Bank dialogue; arguments are those of the recorded result, which have their types."""
    for turn in dialogue["turns"]:
        if turn["role"] == "API":
            result = turn["result"]
            error: ErrorKind | None = None if result["exception"] is None else "tool_error"
            value = result["output"] if error is None else {"error": result["exception"]}
            yield recording_of(turn["api_name"], result["input"] or {}, value, error)


def from_toolbench_tree(record: Record) -> Iterator[Recording]:
    """Calls in a ToolBench search tree: `Action` nodes with an `Action Input` child that was observed.

    The observation code says what kind of error it was; calls of functions that do not exist, and the final call,
    are left out.
    """
    yield from _observed(record["tree"]["tree"], None)


def _observed(node: Record, action: str | None) -> Iterator[Recording]:
    observed = node.get("observation")
    if action is not None and node["node_type"] == "Action Input" and observed and action != "Finish":
        kind = kind_of_code(node.get("observation_code", 0))
        arguments = json_or_text(node["description"] or "{}")
        if kind not in {"unknown_tool", "malformed_arguments"} and isinstance(arguments, dict):
            yield Recording(action, arguments, json_or_text(observed), observed, kind)
    for child in node.get("children", ()):
        yield from _observed(child, node["description"] if node["node_type"] == "Action" else None)


def from_toolbench_answer(record: Record) -> Iterator[Recording]:
    """Calls in a prediction in ToolEval's layout whose tool messages are objects.

    Some published files hold the messages as text that was cut after 100 characters; those are passed over.
    """
    pending = list(record["answer"]["answer_details"])[::-1]
    while pending:
        node = pending.pop()
        message = node["message"]
        if node["role"] == "tool" and isinstance(message, Mapping) and message["name"] != "Finish":
            arguments, value = json_or_text(message["arguments"] or "{}"), json_or_text(message["response"])
            failed = isinstance(value, Mapping) and bool(value.get("error"))
            if isinstance(arguments, dict):
                yield Recording(
                    message["name"], arguments, value, message["response"], "tool_error" if failed else None
                )
        pending.extend(node["next"][::-1])


_REQUEST = re.compile(r"\[(https?://[^\]]*?)\]->\[(.*?)\](?=\n|$)", re.DOTALL)


def from_genegpt(records: Iterable[list[Any]]) -> list[Recording]:
    """Requests in GeneGPT's prompts, `[address]->[reply]`, one recording for each address.

    Prompts repeat the replies, some of them cut; the longest is the whole one.
    """
    replies: dict[str, str] = {}
    for record in records:
        for prompt in record[3]:
            for address, reply in _REQUEST.findall(prompt[0] if isinstance(prompt, list) else prompt):
                if len(reply) > len(replies.get(address, "")):
                    replies[address] = reply
    return [recording_of(GET, {"url": address}, _decoded(reply)) for address, reply in replies.items()]


def _decoded(reply: str) -> str:
    """The text of bytes that were written as Python source, with or without an end."""
    if not reply.startswith(("b'", 'b"')):
        return reply
    quote = reply[1]
    whole = reply if len(reply) > 2 and reply.endswith(quote) else reply + quote
    try:
        return bytes(ast.literal_eval(whole)).decode("utf-8", "replace")
    except (ValueError, SyntaxError):
        return reply


def inferred_tools(recordings: Iterable[Recording]) -> list[ToolSpec]:
    """Tools that recordings tell of: names in the order of their first call, arguments with the types that occurred.

    An argument that every call had is required, and others than those that occurred are allowed: nobody declared them.
    """
    calls: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for recording in recordings:
        calls[recording.tool].append(recording.arguments)
    return [ToolSpec(name, parameters=_inferred(given), source="recordings") for name, given in calls.items()]


def _inferred(given: list[Mapping[str, Any]]) -> dict[str, Any]:
    times = Counter(name for arguments in given for name in arguments)
    types = {name: sorted({_type(one[name]) for one in given if name in one}) for name in times}
    return {
        "type": "object",
        "properties": {name: {"type": kinds[0] if len(kinds) == 1 else kinds} for name, kinds in types.items()},
        "required": [name for name, count in times.items() if count == len(given)],
    }


def _type(value: Json) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
