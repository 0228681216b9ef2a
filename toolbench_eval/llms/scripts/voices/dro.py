"""The scripted model in DRO: as selector, the passages that hold the facts come first; as generator, it reads them."""

from __future__ import annotations

from collections.abc import Sequence

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.heard import passages_in, unfill, without_system
from toolbench_eval.llms.scripts.reading.reader import read
from toolbench_eval.llms.scripts.reading.thinking import answer_to, think
from toolbench_eval.prompts import load_prompt

_PROMPT = load_prompt("dro-1")


def reply(messages: Sequence[Message]) -> str | None:
    """The answer to a prompt of DRO, None to any other."""
    asked = without_system(messages)[0].text
    if heard := unfill(_PROMPT.texts["select"], asked):
        return ranking(heard["question"], passages_in(heard["passages"]), int(heard["k"]))
    if heard := unfill(_PROMPT.texts["answer"], asked):
        return answer_to(heard["question"], passages_in(heard["passages"]))
    return None


def ranking(question: str, passages: Sequence[str], k: int) -> str:
    """Numbers of k passages: those that hold the facts that the question needs, then the others in their order."""
    needed = [fact.question for fact in think(question, passages).facts] or [question]
    useful = [found.passage for asked in needed if (found := read(asked, passages)) is not None]
    order = dict.fromkeys([*useful, *range(1, len(passages) + 1)])
    return " > ".join(f"[{number}]" for number in list(order)[:k])
