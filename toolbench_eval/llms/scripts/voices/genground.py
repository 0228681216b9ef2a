"""The scripted model in GenGround: sub-questions with an uninformed draft, which grounding has to repair."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import asked_of, passages_in, unfill, values
from toolbench_eval.llms.scripts.reading.reader import conclude, guess, next_question, read
from toolbench_eval.prompts import load_prompt

Heard = Mapping[str, str]

_PROMPT = load_prompt("genground-1")
_STEP = re.compile(r"^Sub-question \d+: (.*)\nAnswer \d+: (.+)$", re.MULTILINE)
_OPEN_ANSWER = re.compile(r"Sub-question \d+: (.*)\nAnswer \d+:\Z")


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of GenGround, None to any other."""
    if not asked_of(_PROMPT, messages):
        return None
    asked = messages[1].text
    for kind in ("span", "boolean", "text"):
        template = _PROMPT.texts["deduce"].replace("{examples}", _PROMPT.texts[f"examples_{kind}"])
        if heard := unfill(template, asked):
            return _deduce(heard)
    found = values(_PROMPT, messages, *_ANSWERS)
    return None if found is None else _ANSWERS[found[0]](found[1])


def _deduce(heard: Heard) -> str:
    question, written = heard["question"], heard["history"] + heard["opening"]
    facts = _STEP.findall(written)
    number = len(facts) + 1
    open_answer = _OPEN_ANSWER.search(written)
    further = open_answer[1] if open_answer else next_question(question, facts) or question
    done = further == question and facts
    answer = f"FINISH[{conclude(question, facts) or facts[-1][1]}]" if done else guess(further)
    return answer if open_answer else f"{further}\nAnswer {number}: {answer}"


def _draft(heard: Heard) -> str:
    return guess(heard["question"])


def _ground(heard: Heard) -> str:
    found = read(heard["sub_question"], passages_in(heard["passages"]))
    if found is None:
        return f"<ref>Empty</ref>\n<revise>{heard['draft']}</revise>"
    return f"<ref>{found.evidence}</ref>\n<revise>{found.answer}</revise>"


def _filter(heard: Heard) -> str:
    found = read(heard["sub_question"], passages_in(heard["passages"]))
    if found is None:
        return "INSUFFICIENT INFORMATION"
    return f"answer: {found.answer}\ncitation: {found.evidence}"


def _revise(heard: Heard) -> str:
    found = read(heard["sub_question"], passages_in(heard["passages"]))
    if found is None:
        return json.dumps({"answer": heard["draft"], "citation": ""})
    return json.dumps({"answer": found.answer, "citation": found.evidence})


def _read(heard: Heard) -> str:
    found = read(heard["sub_question"], passages_in(heard["passages"]))
    return guess(heard["sub_question"]) if found is None else found.answer


def _conclude(heard: Heard) -> str:
    facts = _STEP.findall(heard["history"])
    return conclude(heard["question"], facts) or guess(heard["question"])


_ANSWERS: Mapping[str, Callable[[Heard], str]] = {
    "draft": _draft,
    "ground": _ground,
    "filter": _filter,
    "revise": _revise,
    "read": _read,
    "conclude": _conclude,
}
