"""The scripted model in the agents that ask in one turn: direct, cot, rag, iter-retgen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import first_heard, passages_in, values
from toolbench_eval.llms.scripts.reading.reader import guess
from toolbench_eval.llms.scripts.reading.thinking import answer_to, think


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of these agents, None to any other."""
    prompt = first_heard(messages, list(_VOICES))
    heard = None if prompt is None else values(prompt, messages, "ask")
    return None if prompt is None or heard is None else _VOICES[prompt.name](heard[1])


def reasoned(question: str, passages: Sequence[str]) -> str:
    """Facts and an answer, in the words of a chain of thought."""
    thoughts = think(question, passages)
    said = [fact.evidence for fact in thoughts.facts]
    if thoughts.missing is not None:
        said.append(f"It is not yet known: {thoughts.missing}")
    return "\n".join([*said, f"Answer: {thoughts.answer or guess(question)}"])


def _from_memory(heard: Mapping[str, str]) -> str:
    return guess(heard["question"])


def _aloud(heard: Mapping[str, str]) -> str:
    return f"Nothing is at hand to look it up in.\nAnswer: {guess(heard['question'])}"


def _from_passages(heard: Mapping[str, str]) -> str:
    return answer_to(heard["question"], passages_in(heard["passages"]))


def _aloud_from_passages(heard: Mapping[str, str]) -> str:
    return reasoned(heard["question"], passages_in(heard["passages"]))


_VOICES: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "direct-1": _from_memory,
    "cot-1": _aloud,
    "rag-1": _from_passages,
    "iter-retgen-1": _aloud_from_passages,
}
