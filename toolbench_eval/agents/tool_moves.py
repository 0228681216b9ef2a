"""Steps with tools as text: a thought, and an action such as `find_person[{"name": "Ada"}]` or `Finish[answer]`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.agents.moves import STOP, Move, read_move
from toolbench_eval.agents.parsing import cut_at, short_answer, spoken
from toolbench_eval.data.questions import AnswerType

FINISH, GIVE_UP = "Finish", "GiveUp"

_DECODER = json.JSONDecoder()
_HEADER = re.compile(r"\baction\s*\d*\s*:\s*`?(?P<name>\w[\w./-]*)`?", re.IGNORECASE)
_BARE = re.compile(r"^[ \t]*(?P<name>\w[\w./-]*)(?=[ \t]*[\[({])", re.MULTILINE)
_INPUT = re.compile(r"\s*(?:action\s*input\s*\d*\s*:)?\s*[\[(]?\s*(?=\{)", re.IGNORECASE)
_INPUT_LABEL = re.compile(r"\s*action\s*input\s*\d*\s*:[ \t]*(.*)", re.IGNORECASE)
_EMPTY = re.compile(r"\s*(?:\[\s*\]|\(\s*\)|\Z|\n)")
_THOUGHT = re.compile(r"^\s*thought\s*\d*\s*:\s*", re.IGNORECASE)
_ANSWER_KEYS = ("final_answer", "answer", "result", "reason")


def read_tool_move(reply: str, names: Sequence[str]) -> Move | None:
    """The first action of a reply, its argument being the text in the brackets; None where there is none.

    `Action: tool[{...}]`, with round brackets or none, and the two lines `Action: tool` and `Action Input: {...}` of
    ToolBench are read alike; the object may span lines and hold brackets of its own. What stands behind an
    `Observation` is the model's invention, and is cut.

    Args:
        reply: What the model wrote.
        names: Actions that are known without the label `Action:` in front of them.
    """
    text = cut_at(spoken(reply), STOP)
    known = {name.casefold() for name in names}
    bare = (found for found in _BARE.finditer(text) if found["name"].casefold() in known)
    header = _HEADER.search(text) or next(bare, None)
    if header is None:
        return None
    thought = " ".join(_THOUGHT.sub("", text[: header.start()]).split())
    return Move(thought, header["name"], _argument(text, header))


def thought_of(reply: str) -> str:
    """What a reply without an action says."""
    return " ".join(_THOUGHT.sub("", cut_at(spoken(reply), STOP)).split())


@dataclass(frozen=True)
class Ending:
    """How a model ends its work: with an answer, or, where that is None, by giving up."""

    answer: str | None
    why: str = ""


def ending(move: Move, answer_type: AnswerType) -> Ending | None:
    """What a move ends the work with; None where it ends nothing, or has nothing in it that is an answer.

    Beside `Finish[answer]` and `GiveUp[why]`, ToolBench's `Finish` with an object is read: `return_type`, and
    `final_answer` if that is `give_answer`.
    """
    name, values = move.name.casefold(), _object(move.argument)
    if name == GIVE_UP.casefold() or (name == FINISH.casefold() and values.get("return_type", "").startswith("give_up")):
        return Ending(None, _said(move.argument, values))
    if name != FINISH.casefold():
        return None
    answer = short_answer(_said(move.argument, values), answer_type)
    return None if answer is None else Ending(answer)


def _argument(text: str, header: re.Match[str]) -> str:
    rest = text[header.end() :]
    if opened := _INPUT.match(rest):
        try:
            _, end = _DECODER.raw_decode(rest, opened.end())
            return rest[opened.end() : end]
        except (ValueError, RecursionError):
            return _to_the_end(rest[opened.end() :])
    if labelled := _INPUT_LABEL.match(rest):
        return labelled[1].strip()
    if _EMPTY.match(rest):
        return ""
    move = read_move(f"Action: {header['name']}{rest}", ())
    return "" if move is None else move.argument


def _to_the_end(broken: str) -> str:
    """An object that is none, as the tool is to see it: up to its last brace, or its line where there is none."""
    end = broken.rfind("}") + 1
    return broken[:end] if end else broken.splitlines()[0].rstrip("])")


def _object(argument: str) -> dict[str, str]:
    try:
        found = json.loads(argument)
    except (ValueError, RecursionError):
        return {}
    return {str(key): _text(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _said(argument: str, values: dict[str, str]) -> str:
    return next((values[key] for key in _ANSWER_KEYS if key in values), argument)
