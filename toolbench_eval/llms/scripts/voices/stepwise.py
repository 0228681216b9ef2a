"""The scripted model in the agents that go step by step: react, self-ask, ircot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import Voice, passages_in, reply_by, unfill, values
from toolbench_eval.llms.scripts.reading.reader import conclude, guess, next_question, read
from toolbench_eval.llms.scripts.reading.thinking import answer_to, think
from toolbench_eval.llms.scripts.voices.single_turn import reasoned
from toolbench_eval.prompts import Prompt

_SEARCHED = re.compile(r"^Action: Search\[(.*)\]$", re.MULTILINE)


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of these agents, None to any other."""
    return reply_by(_VOICES, messages)


def _react(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages[:2], "opening")
    if heard is None:  # the closing request stands behind an opening that was never acted on
        return None
    question = heard[1]["question"]
    shown = [passage for message in messages[2:] if message.role == "user" for passage in passages_in(message.text)]
    done = [query for message in messages if message.role == "assistant" for query in _SEARCHED.findall(message.text)]
    if messages[-1].text.endswith("Answer: <the answer>"):
        return f"Answer: {answer_to(question, shown)}"
    thoughts = think(question, shown)
    query = thoughts.missing or question
    if thoughts.answer is None and query not in done:
        return f"Thought: I need to know: {query}\nAction: Search[{query}]"
    known = " ".join(fact.evidence for fact in thoughts.facts)
    return f"Thought: {known}\nAction: Finish[{thoughts.answer or guess(question)}]"


def _self_ask(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages, "next", "closing", "look_up", "remember")
    if heard is None:
        return None
    text, said = heard
    question = said["question"]
    if text == "remember":
        return guess(question)
    if text == "look_up":
        found = read(question, passages_in(said["passages"]))
        return prompt.texts["unknown"] if found is None else found.answer
    facts = _facts(prompt, said["history"])
    further = (
        next_question(question, facts)
        if text == "next" and prompt.texts["unknown"] not in dict(facts).values()
        else None
    )
    if further is not None:
        return f"Follow up: {further}"
    return f"So the final answer is: {conclude(question, facts) or guess(question)}"


def _facts(prompt: Prompt, history: str) -> list[tuple[str, str]]:
    lines = history.splitlines()
    steps = [unfill(prompt.texts["step"], "\n".join(pair)) for pair in zip(lines[::2], lines[1::2], strict=False)]
    return [(step["question"], step["answer"]) for step in steps if step is not None]


def _ircot(prompt: Prompt, messages: Sequence[Message]) -> str | None:
    heard = values(prompt, messages, "reason", "read_cot", "read_direct")
    if heard is None:
        return None
    text, said = heard
    question, passages = said["question"], passages_in(said["passages"])
    if text == "read_cot":
        return reasoned(question, passages)
    if text == "read_direct":
        return f"Answer: {answer_to(question, passages)}"
    thoughts = think(question, passages)
    steps = [" ".join(fact.evidence.split()) for fact in thoughts.facts]
    if thoughts.missing is not None:
        steps.append(f"The next thing to know is: {thoughts.missing}")
    last = f"So the answer is: {thoughts.answer or guess(question)}"
    return next((step for step in steps if step not in said["chain"]), last)


_VOICES: Mapping[str, Voice] = {
    "react-1": _react,
    "self-ask-1": _self_ask,
    "ircot-1": _ircot,
}
