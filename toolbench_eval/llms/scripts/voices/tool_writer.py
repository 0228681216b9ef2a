"""The scripted model as a writer of queries for tools: situations, calls, answers, requests, instructions.

It knows no tool by heart: everything is computed from the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from toolbench_eval.environments.base import json_or_text
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import Voice, reply_by, values
from toolbench_eval.llms.scripts.tools.answers import said, summary
from toolbench_eval.llms.scripts.tools.filling import properties, required
from toolbench_eval.llms.scripts.tools.ideas import (
    arguments,
    chance,
    fact_lines,
    phrase,
    together,
    value_for,
)
from toolbench_eval.llms.scripts.tools.mind import DoneCall, next_move
from toolbench_eval.llms.scripts.tools.talk import calls_in, calls_in_rows, rows_in, step, tools_in
from toolbench_eval.llms.scripts.tools.values import fields
from toolbench_eval.llms.scripts.tools.words import words
from toolbench_eval.prompts import Prompt

_OPENINGS = ("I would like to {wish}.", "Could you help me to {wish}?", "I need to {wish} today.", "I want to {wish}.")


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of the makers of data, None to any other."""
    return reply_by(_VOICES, messages)


def _scene(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages[:2], "scene")
    if heard is None:
        return None
    text, tools = messages[1].text, tools_in(messages[1].text)
    fewest, _, most = heard[1]["number"].partition(" to ")
    chosen = together(tools, int(fewest), int(most or fewest), text)
    facts: dict[str, Any] = {}
    for tool in chosen:
        for name in required(tool):
            value = value_for(name, properties(tool)[name], text, list(facts.values()))
            if value is not None:
                facts.setdefault(name, value)
    scenario = f"Somebody wants to {_joined([phrase(tool) for tool in chosen])}."
    listed = [f"{name}: {said(value)}" for name, value in facts.items()]
    return _object(scenario=scenario, facts=listed, tools=[tool.name for tool in chosen])


def _step(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages[:2], "first")
    if heard is None:
        return None
    facts, tools, done = fact_lines(heard[1]["facts"]), tools_in(messages[1].text), calls_in(messages)
    if messages[-1].text.endswith("Answer: <the answer>"):
        return f"Answer: {_answer(done)}"
    tried = {call.tool for call in done}
    for tool in tools:
        made = None if tool.name in tried else arguments(tool, facts, done)
        if made is not None:
            return step(f"I {phrase(tool)}.", tool.name, made)
    if any(call.bore_fruit for call in done) and len(done) >= int(heard[1]["least"]):
        return step("That is all that is wanted.", "Finish", _answer(done))
    return step("The tools bring nothing here.", "Restart", "the calls lack values, or all of them failed")


def _question(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages[:2], "question", "documented")
    if heard is None:
        return None
    kind, told = heard
    text, facts = messages[1].text, fact_lines(told["facts"])
    done = calls_in_rows(rows_in(text, "done")) if kind == "question" else []
    if kind == "question":
        used = [value for call in done for value in call.arguments.values()]
        facts = {name: value for name, value in facts.items() if value in used}
    wish = _joined([phrase(tool) for tool in tools_in(text)])
    sentences = [_OPENINGS[chance(text, len(_OPENINGS))].format(wish=wish)]
    if facts:
        listed = _joined([f"the {' '.join(words(name))} is {said(value)}" for name, value in facts.items()])
        sentences.append(f"{listed[0].upper()}{listed[1:]}.")
    if kind == "documented":
        return _object(question=" ".join(sentences))
    key, value = _asked(done, text)
    if key:
        sentences.append(f"Please tell me the {' '.join(words(key))}.")
    return _object(question=" ".join(sentences), short=value)


def _instruction(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    tools = tools_in(messages[1].text)
    if values(prompt, messages[:2], "instruction") is None or not tools:
        return None
    return _object(
        instruction=f"Given a wish of everyday life, retrieve tools that {_joined(list(map(phrase, tools)))}."
    )


def _call(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages[:2], "opening")
    if heard is None:
        return None
    move = next_move(heard[1]["request"], tools_in(messages[1].text), calls_in(messages))
    if move.tool is None:
        return f"Action: Finish[{move.answer or 'unknown'}]"
    return f"Action: {move.tool}[{json.dumps(move.arguments, ensure_ascii=False)}]"


def _answer(done: Sequence[DoneCall]) -> str:
    """What the last result says, as far as it can be said in one sentence."""
    results = [json_or_text(call.result_text) for call in done if call.bore_fruit]
    last = results[-1] if results else "nothing"
    first = last[0] if isinstance(last, list) else last
    text = summary(first) if isinstance(first, Mapping) else said(first)
    return f"This is what I found: {text}.".replace("[", "(").replace("]", ")")


def _asked(done: Sequence[DoneCall], text: str) -> tuple[str, str]:
    """A value of the last result that no call had as an argument, and its name; both empty where there is none."""
    given = [value for call in done for value in call.arguments.values()]
    last = max((at for at, call in enumerate(done) if call.bore_fruit), default=None)
    if last is None:
        return "", ""
    first = list(fields(done[last].result_text, last))
    new = [one for one in first if one.value not in given and one.position == 0 and words(one.key)[-1:] != ["id"]]
    unique = [one for one in new if sum(other.key == one.key for other in first) == 1]
    if not unique:
        return "", ""
    field = unique[chance(text, len(unique))]
    return field.key, said(field.value)


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _object(**content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


_VOICES: Mapping[str, Voice] = {
    "tool-scene-1": _scene,
    "tool-step-1": _step,
    "tool-question-1": _question,
    "tool-instruction-1": _instruction,
    "tool-call-1": _call,
}
