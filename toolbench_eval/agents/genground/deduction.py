"""GenGround's deduction: a sub-question and its answer from memory, as a model writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from toolbench_eval.agents.genground.markup import json_object, one_line
from toolbench_eval.agents.shared.parsing import spoken

Reading = Literal["tolerant", "released"]
"""`tolerant`: headers with or without number, in any case, in fences or as JSON. `released`: as the paper's code, the
answer begins at `Answer: ` and nothing else, and the finish marker is written in capitals."""

_QUESTION = re.compile(r"^[ \t>*_#-]*(?:sub-?\s?question|thought)\s*\d*[*_ \t]*:[*_]*", re.IGNORECASE | re.MULTILINE)
_NEXT = re.compile(r"(?<!\w)(?:sub-?\s?question|thought)[ \t]*\d+[*_ \t]*:", re.IGNORECASE)
_ANSWER = re.compile(r"(?<!\w)answer[ \t]*\d*[*_ \t]*:[*_]*", re.IGNORECASE)
_FINISH = re.compile(r"\bfinish\s*\[", re.IGNORECASE)
_RELEASED_FINISH = re.compile(r"FINISH\[")


@dataclass(frozen=True)
class Deduced:
    """A step of deduction.

    Attributes:
        question: The sub-question, empty where there is none.
        draft: The answer from memory, None where there is none.
        final: What the finish marker of the answer holds, None without marker.
    """

    question: str
    draft: str | None = None
    final: str | None = None


def read_step(text: str, reading: Reading = "tolerant") -> Deduced:
    """The first step in a reply that continues after `Sub-question i:`; later steps are cut off."""
    if reading == "released":
        own = _own_step(text)
        head, found, tail = own.partition("Answer: ")
        return _step(head if found else _first_line(own), tail if found else None, reading)
    values = json_object(text)
    if "answer" in values:
        return _step(values.get("subquestion") or values.get("question", ""), values["answer"], reading)
    own = _own_step(spoken(text))
    answer = _ANSWER.search(own)
    if answer:
        return _step(own[: answer.start()], own[answer.end() :], reading)
    marker = _FINISH.search(own)
    if marker:
        return _step(own[: marker.start()].rstrip("# "), own[marker.start() :], reading)
    return _step(_first_line(own), None, reading)


def read_draft(text: str, reading: Reading = "tolerant") -> Deduced:
    """The answer in a reply that continues after `Answer i:`."""
    own = _own_step(text if reading == "released" else spoken(text))
    answer = _ANSWER.match(own)
    return _step("", own[answer.end() :] if answer else own, reading)


def finished(text: str, reading: Reading = "tolerant") -> str | None:
    """What the first finish marker holds, None without one; a bracket that is not closed ends with its line."""
    found = (_RELEASED_FINISH if reading == "released" else _FINISH).search(text)
    if found is None:
        return None
    depth = 1
    for at in range(found.end(), len(text)):
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        if depth == 0:
            return text[found.end() : at].strip()
    return _first_line(text[found.end() :])


def _step(question: str, answer: str | None, reading: Reading) -> Deduced:
    draft = one_line(answer or "")
    return Deduced(one_line(question.replace("**", "")), draft or None, finished(answer or "", reading))


def _own_step(text: str) -> str:
    """The reply without the header that it repeats, up to the header of the next step."""
    text = text.strip()
    header = _QUESTION.match(text)
    own = text[header.end() :] if header else text
    starts = [found.start() for kind in (_QUESTION, _NEXT) if (found := kind.search(own))]
    return own[: min(starts, default=len(own))].strip()


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0].strip()
