"""The scripted model in 360°REA: a crew that solves puzzles of houses by its clues, and weaves all else from the task.

It knows no answers: a story that should hold some tells of the questions instead. Its first try leaves things out, so
that there is something to be said about it, and the next takes up what was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import asked_of, block_in, unfill, values
from toolbench_eval.llms.scripts.reading.grid import solve_grid
from toolbench_eval.prompts import load_prompt

Heard = Mapping[str, str]

_PROMPT = load_prompt("rea360-1")
_NUMBERED = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
_DETAIL = re.compile(r"^(\w[\w ]*): (.+)$", re.MULTILINE)
_MISSING = re.compile(r"Missing: ([^\n<]+?)\.(?=\s|$)")
_PART = re.compile(r"^\[(.+)\]$", re.MULTILINE)
_READER, _WRITER = "Reader", "Writer"


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of 360°REA, None to any other."""
    heard = values(_PROMPT, messages, *_VOICES) if asked_of(_PROMPT, messages) else None
    return None if heard is None else _VOICES[heard[0]](heard[1])


def _decompose(said: Heard) -> str:
    parts = f"{_READER}: Say what the task demands.\n{_WRITER}: Make the result."
    return f"Main Goals: Do what the task demands.\nGuidance: Leave nothing out.\nTask Assignment:\n{parts}"


def _work(said: Heard) -> str:
    task = block_in(said["task"], "task") or ""
    if said["role"] == _READER:
        return f"Result: Wanted: {'; '.join(_wanted(task)) or task.splitlines()[0]}."
    house = solve_grid(task)
    if house is not None:
        return f"Result: House {house}"
    wanted = _wanted(task)
    missing = {one for told in _MISSING.findall(said["feedback"]) for one in told.split("; ")}
    written = {one for one in wanted if re.search(rf"^Part \d+: {re.escape(one)}$", said["history"], re.MULTILINE)}
    chosen = [one for at, one in enumerate(wanted) if at < (len(wanted) + 1) // 2 or one in missing | written]
    lines = [f"Part {at}: {one}" for at, one in enumerate(chosen, start=1)]
    return "\n".join(["Result: " + task.splitlines()[0], *lines])


def _merge(said: Heard) -> str:
    last = _last_part(said["work"]).strip()
    house = re.fullmatch(r"House (\d+)", last)
    return f"Final Result: {house[1] if house else last}"


def _assess(said: Heard) -> str:
    others = [role for role in said["crew"].split(", ") if role != _speaker(said)]
    left_out = [one for one in _wanted(block_in(said["task"], "task") or "") if one not in _last_part(said["work"])]
    judged = f"Fair - Missing: {'; '.join(left_out)}." if left_out else "Good - nothing is left out."
    lines = []
    for heading in ("Self", "Leader"):
        lines += [f"{heading}: {judged}"] if f"{heading}:" in said["sections"] else []
    for heading in ("Peers", "Members"):
        if f"{heading}:" in said["sections"]:
            lines += [f"{heading}:", *(f"{role}: {judged}" for role in others)]
    return "\n".join(lines)


def _learn(said: Heard) -> str:
    missing = _MISSING.findall(said["feedback"])
    return f"Experience: {'Take up what was missing.' if missing else 'Go on like this.'}"


def _lesson(said: Heard) -> str:
    return "Look through the whole task again before the result is handed in."


def _guide(said: Heard) -> str:
    return "\n".join(f"{role}: {_lesson(said)}" for role in said["crew"].split(", "))


def _speaker(said: Heard) -> str:
    found = unfill(_PROMPT.texts["named"], said["named"])
    return found["role"] if found else ""


def _wanted(task: str) -> list[str]:
    """What a task lists: numbered lines, or details such as `interests: ...`."""
    return _NUMBERED.findall(task) or [value for _, found in _DETAIL.findall(task) for value in found.split(", ")]


def _last_part(work: str) -> str:
    return _PART.split(block_in(work, "work") or "")[-1]


_VOICES: Mapping[str, Callable[[Heard], str]] = {
    "sum_leader": _lesson,
    "decompose": _decompose,
    "sum_member": _lesson,
    "work": _work,
    "merge": _merge,
    "local_experience": _learn,
    "lesson_leader": _lesson,
    "guidance": _guide,
    "lesson_member": _lesson,
    # Last, since these two begin with whatever may stand there.
    "assess_member": _assess,
    "assess_leader": _assess,
}
