"""API-Bank (Li et al. 2023, arXiv 2304.08244): calls and responses of dialogues (levels 1 and 2), plans (level 3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.metrics.tools.decode import decode_python

SEARCHER = "ToolSearcher"
YEAR = "It is the year 2023."
"""The reference's prompt says so: dialogues name days without a year."""
_UTTERANCE = re.compile(r"First Utter[ae]nce:\s*(.+?)\s*(?=Key Info:)", re.DOTALL)
_KNOWN = re.compile(r"Key Info:\s*(.*?)\s*-?\s*(?:GT )?API Calls?:\s*$", re.DOTALL | re.MULTILINE)
_CALLS = re.compile(r"^\s*-?\s*(?:GT )?API Calls?:\s*$", re.MULTILINE)
_CALL = re.compile(r"^(\w+\(.*\))", re.MULTILINE)


def dialogues(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A dialogue: `file` and `turns` of User, AI and API; a problem for each API turn, with what was said before.

    Level 1 offers the APIs of the dialogue, as the reference does; level 2 the search of tools and what it has found
    so far. The environment makes the earlier calls first.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    dialogue = _Dialogue.of(record)
    for at, role in enumerate(dialogue.roles):
        if role == "API":
            made = dialogue.made(at)
            gold = dialogue.calls[made]
            problem = dialogue.problem(at, f"{made + 1}", NEXT)
            yield replace(problem, gold_calls=(GoldCall(gold["name"], gold["arguments"]),))


def responses(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A dialogue as of `dialogues`; a problem for each turn of the AI that follows an API turn at once.

    These are the responses that the reference scores (`Sample.from_chat_history` of its `evaluator.py`); other turns of
    the AI are asked for by nobody. Where another call follows a call, the reference scores that call a second time;
    here it is one problem, of `dialogues`.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    dialogue = _Dialogue.of(record)
    for at, (before, role) in enumerate(pairwise(dialogue.roles), start=1):
        if (before, role) == ("API", "AI"):
            problem = dialogue.problem(at, f"{dialogue.made(at)}-response", REPLY)
            yield replace(problem, answers=(dialogue.turns[at].text("text"),))


@dataclass(frozen=True)
class _Dialogue:
    """A dialogue that was read.

    Attributes:
        name: Its file, which tells the level.
        turns: What was said and called.
        roles: Whose turns these are.
        calls: The calls in order, each with its recorded result.
    """

    name: str
    turns: Sequence[Record]
    roles: Sequence[str]
    calls: Sequence[dict[str, Any]]

    @classmethod
    def of(cls, record: Record) -> _Dialogue:
        turns = list(record.objects("turns"))
        roles = [turn.text("role") for turn in turns]
        calls = [_call(turn) for turn, role in zip(turns, roles, strict=True) if role == "API"]
        return cls(record.text("file"), turns, roles, calls)

    def made(self, at: int) -> int:
        """How many calls were made before a turn."""
        return self.roles[:at].count("API")

    def problem(self, at: int, ending: str, task: str) -> ToolProblem:
        """What a turn asks for, without what is gold; `ending` closes its id."""
        level = "level-2" if self.name.startswith("level-2") else "level-1"
        made = self.made(at)
        offered = sorted({call["name"] for call in self.calls}) if level == "level-1" else _found(self.calls[:made])
        return ToolProblem(
            id=f"{self.name}#{ending}",
            text=_dialogue(self.turns[:at], task),
            candidates=tuple(offered),
            setup={"calls": list(self.calls), "made": made},
            category=level,
        )


def level3(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A sample of level 3: a text with a first utterance, what is known, and the calls that do it.

    Raises:
        DataError: A part is missing, or a call cannot be read.
    """
    text = record.text("text")
    utterance, known, begin = _UTTERANCE.search(text), _KNOWN.search(text), _CALLS.search(text)
    if utterance is None or known is None or begin is None:
        raise record.fault("must hold 'First Utterance:', 'Key Info:' and 'API Call:'", "text")
    gold = [_read(written, record) for written in _CALL.findall(text[begin.end() :])]
    if not gold:
        raise record.fault("holds no call", "text")
    yield ToolProblem(
        id=record.text("file"),
        text=f"{utterance[1].strip()}\n\nWhat is known:\n{known[1].strip()}\n\n{YEAR}",
        gold_calls=tuple(gold),
        setup={"calls": [{"name": one.name, "arguments": one.arguments} for one in gold]},
        category="level-3",
    )


def _call(turn: Record) -> dict[str, Any]:
    """A call with its recorded result; arguments are those of the result, which have their types."""
    result = turn.object("result")
    arguments = result.values.get("input") or turn.object("param_dict").values
    if not isinstance(arguments, Mapping):
        raise result.fault("must be an object", "input")
    return {"name": turn.text("api_name"), "arguments": dict(arguments), "result": dict(result.values)}


def _found(earlier: Sequence[Mapping[str, Any]]) -> list[str]:
    """The search, and the APIs that it has found in a dialogue so far."""
    names = {SEARCHER: None}
    for call in earlier:
        output = call["result"].get("output") if call["name"] == SEARCHER else None
        listed = output if isinstance(output, list) else [output]
        names |= {str(one["name"]): None for one in listed if isinstance(one, Mapping) and "name" in one}
    return list(names)


def _dialogue(turns: Sequence[Record], task: str) -> str:
    lines = [_line(turn) for turn in turns]
    return "\n".join(
        ["A dialogue between a user and an AI that calls APIs, so far:", "", *lines, "", f"{YEAR} {task}"],
    )


NEXT = "Make the one API call that the AI should make next; nothing else is to be done."
REPLY = "Answer with what the AI should say to the user next, after the last result; call nothing."


def _line(turn: Record) -> str:
    if turn.text("role") != "API":
        return f"{turn.text('role')}: {turn.text('text')}"
    call = _call(turn)
    output = call["result"].get("output") if call["result"].get("exception") is None else call["result"]["exception"]
    return f"API: {call['name']}({json.dumps(call['arguments'], ensure_ascii=False)}) -> {_shown(output)}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read(written: str, record: Record) -> GoldCall:
    calls = decode_python(written)
    if not calls or len(calls) != 1:
        raise record.fault(f"not a call: {written:.80}", "text")
    return GoldCall(calls[0].name, calls[0].arguments)
