"""What a prompt says: the values that its template was filled with, and the passages that it quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from toolbench_eval.agents.shared.quoting import NOTHING
from toolbench_eval.llms.base import Message
from toolbench_eval.prompts import Prompt, load_prompt

_PLACE = re.compile(r"\{(\w+)\}")
_BLOCK = re.compile(r"<passages>\n(.*?)\n</passages>", re.DOTALL)
_NEXT = re.compile(r"\n\n(?=\[\d+\] (?:Title|Text): )")
_NUMBER = re.compile(r"^\[\d+\] (?:Title: (?P<title>.*)\n)?Text: (?P<text>.*)$")


def unfill(template: str, text: str) -> dict[str, str] | None:
    """The values of a template's places in a text that was made of it, None if it was not."""
    found = _pattern(template).fullmatch(text)
    return None if found is None else found.groupdict()


def asked_of(prompt: Prompt, messages: Sequence[Message]) -> bool:
    """Whether a conversation is one of this prompt's: it begins with its system line."""
    return len(messages) > 1 and messages[0].text == prompt.texts["system"]


def first_heard(messages: Sequence[Message], names: Sequence[str]) -> Prompt | None:
    """The prompt of these that a conversation is of."""
    return next((prompt for prompt in map(load_prompt, names) if asked_of(prompt, messages)), None)


def values(prompt: Prompt, messages: Sequence[Message], *texts: str) -> tuple[str, Mapping[str, str]] | None:
    """Which of a prompt's texts a conversation opens with, and its values."""
    for text in texts:
        found = unfill(prompt.texts[text], messages[1].text)
        if found is not None:
            return text, found
    return None


def passages_in(text: str) -> list[str]:
    """The passages that a text quotes, each as its title, a line break and its text."""
    return [passage for block in _BLOCK.findall(text) for passage in _passages(block)]


def _passages(block: str) -> list[str]:
    if block == NOTHING:
        return []
    numbered = (_NUMBER.match(part) for part in _NEXT.split(block))
    return [f"{found['title'] or ''}\n{found['text']}".strip() for found in numbered if found]


@cache
def _pattern(template: str) -> re.Pattern[str]:
    seen: set[str] = set()
    pattern, end = "", 0
    for place in _PLACE.finditer(template):
        pattern += re.escape(template[end : place.start()])
        pattern += f"(?P={place[1]})" if place[1] in seen else f"(?P<{place[1]}>.*?)"
        seen.add(place[1])
        end = place.end()
    return re.compile(pattern + re.escape(template[end:]), re.DOTALL)
