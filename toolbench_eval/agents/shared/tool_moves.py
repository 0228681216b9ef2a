"""Steps with tools as text: a thought, and an action such as `find_person[{"name": "Ada"}]` or `Finish[answer]`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.agents.shared.moves import STOP, Move
from toolbench_eval.agents.shared.parsing import cut_at, short_answer, spoken
from toolbench_eval.data.questions import AnswerType
from toolbench_eval.environments.base import Arguments, json_or_text

FINISH, GIVE_UP = "Finish", "GiveUp"

_DECODER = json.JSONDecoder()
_NAME = r"`?(?P<name>\w[\w./-]*)`?"
_FORMS = (
    re.compile(rf"^[ \t]*action\s*\d*\s*:\s*{_NAME}[ \t]*(?=[\[({{:]|$)", re.IGNORECASE | re.MULTILINE),
    re.compile(rf"\baction\s*\d*\s*:\s*{_NAME}[ \t]*(?=[\[({{])", re.IGNORECASE),
    re.compile(rf"^[ \t]*{_NAME}[ \t]*(?=[\[({{])", re.MULTILINE),
)
"""Where an action stands, the likeliest first: in a line of its own, behind a thought, without its label."""
_OBJECT = re.compile(r"\s*(?:action\s*input\s*\d*\s*:)?\s*[\[(:]?\s*(?=\{)", re.IGNORECASE)
_LABELLED = re.compile(r"\s*action\s*input\s*\d*\s*:[ \t]*(.*)", re.IGNORECASE)
_THOUGHT = re.compile(r"^\s*thought\s*\d*\s*:\s*", re.IGNORECASE)
_CLOSING = {"[": "]", "(": ")"}
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
    for form in _FORMS:
        for found in form.finditer(text):
            if form is not _FORMS[-1] or found["name"].casefold() in known:
                return Move(_thought(text[: found.start()]), found["name"], _argument(text[found.end() :]))
    return None


def arguments_of(move: Move) -> Arguments:
    """The arguments of a call: an object, or the text as it stands where it is none."""
    found = json_or_text(move.argument) if move.argument else {}
    return found if isinstance(found, dict) else move.argument


def thought_of(reply: str) -> str:
    """What a reply without an action says."""
    return _thought(cut_at(spoken(reply), STOP))


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
    if name == GIVE_UP.casefold():
        return Ending(None, _said(move.argument, values))
    if name != FINISH.casefold():
        return None
    if values.get("return_type", "").startswith("give_up"):
        return Ending(None, _said("", values))
    answer = short_answer(_said(move.argument, values), answer_type)
    return None if answer is None else Ending(answer)


def _thought(text: str) -> str:
    return " ".join(_THOUGHT.sub("", text).split())


def _argument(rest: str) -> str:
    """What belongs to an action, given the text behind its name."""
    if opened := _OBJECT.match(rest):
        try:
            _, end = _DECODER.raw_decode(rest, opened.end())
        except (ValueError, RecursionError):
            return _to_the_end(rest[opened.end() :])
        return rest[opened.end() : end]
    if labelled := _LABELLED.match(rest):
        return labelled[1].strip()
    return _inside(rest) if rest[:1] in {*_CLOSING, ":"} else ""


def _inside(rest: str) -> str:
    """What a bracket holds; to the end of the line where it does not close, or where a colon stands for it."""
    opening, closing, depth = rest[0], _CLOSING.get(rest[0]), 0
    for at, character in enumerate(rest if closing else ""):
        depth += (character == opening) - (character == closing)
        if depth == 0:
            return rest[1:at].strip()
    return rest[1:].partition("\n")[0].strip()


def _to_the_end(broken: str) -> str:
    """An object that is none, as the tool is to see it: up to its last brace, or its line where there is none."""
    end = broken.rfind("}") + 1
    return broken[:end] if end else broken.splitlines()[0].rstrip("])")


def _object(argument: str) -> dict[str, str]:
    found = json_or_text(argument)
    return {str(key): _text(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _said(argument: str, values: dict[str, str]) -> str:
    return next((values[key] for key in _ANSWER_KEYS if key in values), argument)
