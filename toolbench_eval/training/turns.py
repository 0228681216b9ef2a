"""Turns at which a gold call is known, with the history before them: what preferences are sampled for.

The history is teacher-forced: the gold calls before the turn with their results. Everything is text in the form of the
prompt `tool-call-1`, a line a call, so that what is preferred differs from what is rejected by the call alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.tool_prompting import observation, tool_block
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import Question
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.environments.base import Environment, Status, ToolSpec, cut, json_or_text
from toolbench_eval.llms.base import Message
from toolbench_eval.metrics.tools.calls import Call, Tool
from toolbench_eval.prompts import load_prompt
from toolbench_eval.training.conversations import function_records

PROMPT = "tool-call-1"
LONGEST = 8192
"""Characters of a result that are shown, as in TTPA's released inference."""


@dataclass(frozen=True)
class Turn:
    """One turn.

    Attributes:
        id: `<problem>/<number of the turn from 0>`.
        messages: The prompt, history included; its last turn is the user's.
        tools: What is offered.
        gold: The gold call.
    """

    id: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    gold: Call

    @property
    def described(self) -> dict[str, Tool]:
        """The tools as measures take them."""
        return {tool.name: Tool(tool.name, tool.properties, tool.required) for tool in self.tools}

    @property
    def question(self) -> Question:
        """The turn as a ledger takes it: its text holds all that is asked."""
        said = [[message.role, message.text] for message in self.messages]
        return Question(self.id, json.dumps([said, self.gold.name, self.gold.arguments]), ())

    def functions(self) -> list[dict[str, Any]]:
        """The tools as OpenAI's API takes them."""
        return function_records(self.tools)


def call_text(call: Call) -> str:
    """A call as a model is asked to write it."""
    return f"Action: {call.name}[{json.dumps(call.arguments, ensure_ascii=False, default=dict)}]"


def turns_of_problem(problem: ToolProblem, environment: Environment, tools: Sequence[ToolSpec]) -> Iterator[Turn]:
    """The turns of a problem with gold calls; these are made, to show their results.

    It ends before a call without arguments, behind one that fails, and behind one that nobody executes.
    """
    talk = _opening(problem.text, tools)
    golds = [call for call in problem.gold_calls for _ in range(call.times)]
    for number, gold in enumerate(golds):
        if gold.arguments is None:
            return
        call = Call(gold.name, dict(gold.arguments))
        yield Turn(f"{problem.id}/{number}", tuple(talk), tuple(tools), call)
        result = environment.call(call.name, call.arguments)
        if result.failed or result.source == "simulated":
            return
        talk += _shown(call, result.status, result.text)


def turns_of_record(record: Record) -> Iterator[Turn]:
    """The turns of a conversation as TTPA's sampler takes it: `id`, `system`, `conversations`, `tools`.

    Turns with several calls at once are history only; what the assistant says without a call is, too.

    Raises:
        DataError: It is no such conversation.
    """
    tools = [_tool(one, record) for one in _list(record, "tools")]
    turns = list(record.objects("conversations"))
    first = next((at for at, turn in enumerate(turns) if turn.text("role") == "user"), None)
    if first is None:
        raise record.fault("nobody asks for anything: no turn has the role user", "conversations")
    talk = _opening(turns[first].text("content"), tools, record.maybe("system") or "")
    number = 0
    for turn in turns[first + 1 :]:
        calls = [_call(one) for one in turn.objects("tool_calls", required=False)]
        if len(calls) == 1:
            yield Turn(f"{record.text('id')}/{number}", tuple(talk), tuple(tools), calls[0])
        number += bool(calls)
        talk = _continued(talk, turn, calls)


def _opening(request: str, tools: Sequence[ToolSpec], system: str = "") -> list[Message]:
    prompt = load_prompt(PROMPT)
    line = "\n\n".join(filter(None, [prompt.texts["system"], system.strip()]))
    return conversation(line, prompt.fill("opening", request=request, tools=tool_block(tools)))


def _shown(call: Call, status: Status, text: str) -> list[Message]:
    return [Message("assistant", call_text(call)), Message("user", observation(status, cut(text, LONGEST)))]


def _continued(talk: Sequence[Message], turn: Record, calls: Sequence[Call]) -> list[Message]:
    """The conversation with one more turn; turns of one side that follow each other become one."""
    role = turn.text("role")
    said = turn.maybe("content") or ""
    if calls:
        text = "\n".join(map(call_text, calls))
    else:
        text = observation("ok", cut(said, LONGEST)) if role == "tool" else said
    side: Any = "assistant" if role == "assistant" else "user"
    if talk[-1].role == side:
        return [*talk[:-1], Message(side, f"{talk[-1].text}\n\n{text}")]
    return [*talk, Message(side, text)]


def _list(record: Record, name: str) -> list[Any]:
    """A list, or the JSON text of one."""
    value = record.values.get(name)
    found = json_or_text(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise record.fault("must be a list, or the JSON text of one", name)
    return found


def _tool(value: Any, record: Record) -> ToolSpec:
    described = value.get("function", value) if isinstance(value, Mapping) else None
    if not isinstance(described, Mapping) or not isinstance(described.get("name"), str):
        raise record.fault("holds a tool without a name", "tools")
    parameters = described.get("parameters") or {"type": "object", "properties": {}}
    return ToolSpec(described["name"], str(described.get("description") or ""), parameters, source="declared")


def _call(made: Record) -> Call:
    function = made.object("function") if made.has("function") else made
    given = function.values.get("arguments") or {}
    arguments = json_or_text(given) if isinstance(given, str) else given
    if not isinstance(arguments, dict):
        raise function.fault("must be an object, or the JSON text of one", "arguments")
    return Call(function.text("name"), arguments)
