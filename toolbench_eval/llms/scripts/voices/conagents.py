"""The scripted model in ConAgents: the grounding agent thinks, the others do as they are told, with what they are told.

The arguments of a call stand in the thought, so that they reach the execution agent; it tries others where a call
has failed.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toolbench_eval.environments.base import json_or_text
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import asked_of, block_in, values
from toolbench_eval.llms.scripts.tools.mind import DoneCall, ToolView, next_move
from toolbench_eval.llms.scripts.tools.talk import rows_in, tools_in
from toolbench_eval.prompts import load_prompt

_PROMPT = load_prompt("conagents-1")
_WITH = " Arguments: "
_FOUND_NOTHING = "unknown"

_READER = """import json
import re

WORDS = {words}

def tokens(value):
    return set(re.findall(r"[a-z0-9]+", json.dumps(value).lower()))

def longest(value):
    if isinstance(value, list):
        return value
    inside = [longest(one) for one in value.values()] if isinstance(value, dict) else []
    return max(inside, key=len) if inside else []

entries = longest(response) or [response]
shared = [len(set(WORDS) & tokens(one)) for one in entries]
chosen = [one for one, count in zip(entries, shared) if count == max(shared)]
print(json.dumps(chosen[:5], ensure_ascii=False)[:3000])
"""


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of ConAgents, None to any other."""
    heard = values(_PROMPT, messages, *_VOICES) if asked_of(_PROMPT, messages) else None
    return None if heard is None else _VOICES[heard[0]](heard[1], messages)


def _ground(said: Mapping[str, str], messages: Sequence[Message]) -> str:
    views = [_view(row) for row in rows_in(said["tools"], "tools")]
    done = [_done(row, _arguments_in(str(row["thought"]))) for row in rows_in(said["done"], "done")]
    move = next_move(said["request"], views, done)
    if messages[-1].text == _PROMPT.texts["name_tool"]:
        return move.tool or _FOUND_NOTHING
    if move.tool is None:
        return f"Thought: {move.thought}\nFinal Answer: {move.answer or _FOUND_NOTHING}"
    thought = f"{move.thought}{_WITH}{json.dumps(move.arguments, ensure_ascii=False)}"
    return f"Thought: {thought}\nTool: {move.tool}\nExpected: what is asked for"


def _execute(said: Mapping[str, str], messages: Sequence[Message]) -> str:
    written = [json_or_text(message.text) for message in messages[2:] if message.role == "assistant"]
    failed = [one["arguments"] for one in written if isinstance(one, dict) and "arguments" in one]
    arguments, wanted = _arguments(said, failed), said["request"]
    return json.dumps(
        {"arguments": arguments, "output_instructions": wanted, "description": said["thought"].partition(_WITH)[0]},
        ensure_ascii=False,
    )


def _program(said: Mapping[str, str], messages: Sequence[Message]) -> str:
    (tool,) = tools_in(said["tool"])
    earlier = [re.search(r"\*\*(\{.*\})\)", message.text) for message in messages[2:] if message.role == "assistant"]
    failed = [one for found in earlier if found and isinstance(one := _literal(found[1]), dict)]
    call = f"{tool.name}(**{_arguments(said, failed)!r})"
    return f"```python\nimport json\nprint(json.dumps({call}, ensure_ascii=False))\n```"


def _extract(said: Mapping[str, str], messages: Sequence[Message]) -> str:
    found = block_in(said["response"], "result")
    return _FOUND_NOTHING if found is None else found


def _observe(said: Mapping[str, str], messages: Sequence[Message]) -> str:
    words = sorted(set(re.findall(r"[a-z0-9]+", f"{said['instruction']} {said['arguments']}".lower())))
    return f"```python\n{_READER.replace('{words}', repr(words))}```"


def _match(said: Mapping[str, str], messages: Sequence[Message]) -> str:
    names = [str(row["name"]) for row in rows_in(said["tools"], "tools")]
    return next(iter(difflib.get_close_matches(said["name"], names, n=1, cutoff=0.0)), _FOUND_NOTHING)


def _review_choice(said: Mapping[str, str], messages: Sequence[Message]) -> str:
    if said["problem"] != _PROMPT.texts["nothing"]:
        return "Verdict: revise\nAdvice: Take one of the tools of the list, by its name."
    return "Verdict: pass\nAdvice:"


def _review_program(said: Mapping[str, str], messages: Sequence[Message]) -> str:
    if "Error" in said["result"]:
        return "Verdict: revise\nAdvice: The call failed; try other arguments."
    return "Verdict: pass\nAdvice:"


def _arguments(said: Mapping[str, str], failed: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Arguments as the thought has them; where those have failed, others that come to mind."""
    told = _arguments_in(said["thought"])
    if not failed and told:
        return told
    (tool,) = tools_in(said["tool"])
    known = [_done(row, {}) for row in rows_in(said["known"], "done") if row["tool"] != tool.name]
    tried = [DoneCall(tool.name, one, "", ok=False) for one in failed]
    return next_move(said["request"], [tool], [*known, *tried]).arguments or (failed[-1] if failed else told)


def _arguments_in(thought: str) -> Mapping[str, Any]:
    found = json_or_text(thought.partition(_WITH)[2])
    return found if isinstance(found, dict) else {}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _done(row: Mapping[str, Any], arguments: Mapping[str, Any]) -> DoneCall:
    observation = str(row["observation"])
    return DoneCall(str(row["tool"]), arguments, observation, ok=not observation.startswith("("))


def _view(row: Mapping[str, Any]) -> ToolView:
    takes = {name: _schema(str(told)) for name, told in row.get("takes", {}).items()}
    parameters = {"type": "object", "properties": takes, "required": list(takes)}
    return ToolView(str(row["name"]), str(row.get("description", "")), parameters)


def _schema(told: str) -> Mapping[str, str]:
    kind, _, description = told.partition(": ")
    return {"type": kind, "description": description}


_VOICES: Mapping[str, Callable[[Mapping[str, str], Sequence[Message]], str]] = {
    "ground": _ground,
    "match": _match,
    "execute": _execute,
    "program": _program,
    "extract": _extract,
    "observe": _observe,
    "review_choice": _review_choice,
    "review_program": _review_program,
}
