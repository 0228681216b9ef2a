"""The scripted model in EXSEARCH: asks for what is missing, records what it reads, ends when it knows the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import passages_in, unfill, without_system
from toolbench_eval.llms.scripts.reading.reader import read
from toolbench_eval.llms.scripts.reading.thinking import answer_to, think
from toolbench_eval.llms.scripts.voices.dro import ranking
from toolbench_eval.prompts import load_prompt

_PROMPT = load_prompt("exsearch-1")
_MARKED = re.compile(r"^(<[^>]*>) (.*)$", re.MULTILINE)
_NOTHING = "The passages say nothing about it."


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of EXSEARCH, None to any other."""
    talk = without_system(messages)
    first = talk[0].text
    if alone := unfill(_PROMPT.texts["select"], first):
        return ranking(alone["sub_query"], passages_in(alone["passages"]), int(alone["k"]))
    if alone := unfill(_PROMPT.texts["record"], first):
        return _evidence(alone["sub_query"], passages_in(alone["passages"]))
    task = unfill(_PROMPT.texts["task"], first)
    return None if task is None else _turn(task, talk)


def _turn(task: Mapping[str, str], messages: Sequence[Message]) -> str:
    last = messages[-1].text
    closing = unfill(_PROMPT.texts["close"], last[max(last.rfind(f"{task['final']}\n"), 0) :])
    shown = [passage for message in messages[1:] if message.role == "user" for passage in passages_in(message.text)]
    if closing is not None:
        return answer_to(closing["question"], shown)
    done = _queries(task, messages)
    recorded = f"{task['evidence']} {_evidence(done[-1], passages_in(last) or shown)}\n" if done else ""
    thoughts = think(task["question"], shown)
    query = thoughts.missing or task["question"]
    if thoughts.answer is not None or query in done:
        return f"{recorded}{task['final']}"
    return f"{recorded}{task['query']} {query}"


def _queries(task: Mapping[str, str], messages: Sequence[Message]) -> list[str]:
    """What was asked so far; turns may name the marker of sub-queries otherwise than the task does."""
    written = [line for message in messages if message.role == "assistant" for line in _MARKED.findall(message.text)]
    return [text for marker, text in written if marker not in (task["evidence"], task["final"])]


def _evidence(query: str, passages: Sequence[str]) -> str:
    found = read(query, passages)
    return _NOTHING if found is None else found.evidence
