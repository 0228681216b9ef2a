"""What a prompt says: the values that its template was filled with, and the passages that it quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache

from toolbench_eval.agents.shared.quoting import NOTHING
from toolbench_eval.llms.base import Message
from toolbench_eval.prompts import FOLDER, Prompt, load_prompt

Voice = Callable[[Prompt, Sequence[Message]], str | None]
"""Answers a conversation that is of a prompt, None where it does not open with one of the prompt's texts."""

_PLACE = re.compile(r"\{(\w+)\}")
_BLOCK = "<{tag}>\n(.*?)\n</{tag}>"
_ALL_PASSAGES = re.compile(_BLOCK.format(tag="passages"), re.DOTALL)
_NEXT = re.compile(r"\n\n(?=\[\d+\] (?:Title|Text): )")
_NUMBER = re.compile(r"^\[\d+\] (?:Title: (?P<title>.*)\n)?Text: (?P<text>.*)$")


def unfill(template: str, text: str) -> dict[str, str] | None:
    """The values of a template's places in a text that was made of it, None if it was not."""
    found = _pattern(template).fullmatch(text)
    return None if found is None else found.groupdict()


def asked_of(prompt: Prompt, messages: Sequence[Message]) -> bool:
    """Whether a conversation is one of this prompt's: the system message holds one of its system lines.

    Other text may stand around the line, as a study of system prompts puts it there.
    """
    return len(messages) > 1 and messages[0].role == "system" and _line_in(messages[0].text) in _lines_of(prompt)


def first_heard(messages: Sequence[Message], names: Sequence[str]) -> Prompt | None:
    """The prompt of these that a conversation is of."""
    return next((prompt for prompt in map(load_prompt, names) if asked_of(prompt, messages)), None)


def reply_by(voices: Mapping[str, Voice], messages: Sequence[Message]) -> str | None:
    """The answer of the voice, by names of prompts, whose prompt a conversation is of; None where there is none."""
    prompt = first_heard(messages, list(voices))
    return None if prompt is None else voices[prompt.name](prompt, messages)


def without_system(messages: Sequence[Message]) -> Sequence[Message]:
    """A conversation without its system message, which is not the agent's where its prompt has no system line."""
    return messages[1:] if len(messages) > 1 and messages[0].role == "system" else messages


def values(prompt: Prompt, messages: Sequence[Message], *texts: str) -> tuple[str, Mapping[str, str]] | None:
    """Which of a prompt's texts a conversation opens with, and its values."""
    for text in texts:
        found = unfill(prompt.texts[text], messages[1].text)
        if found is not None:
            return text, found
    return None


def block_in(text: str, tag: str) -> str | None:
    """What stands in the first block of a tag, None where there is no such block."""
    found = re.search(_BLOCK.format(tag=tag), text, re.DOTALL)
    return None if found is None else found[1]


def passages_in(text: str) -> list[str]:
    """The passages that a text quotes, each as its title, a line break and its text."""
    return [passage for block in _ALL_PASSAGES.findall(text) for passage in _passages(block)]


def _passages(block: str) -> list[str]:
    if block == NOTHING:
        return []
    numbered = (_NUMBER.match(part) for part in _NEXT.split(block))
    return [f"{found['title'] or ''}\n{found['text']}".strip() for found in numbered if found]


@lru_cache(maxsize=64)
def _line_in(text: str) -> str | None:
    """The system line of any prompt that a text holds; of several the last, since what is put before is not its own."""
    held = [line for line in _all_lines() if line in text]
    return max(held, key=lambda line: (text.rfind(line) + len(line), len(line)), default=None)


@cache
def _all_lines() -> frozenset[str]:
    return frozenset(line for path in FOLDER.glob("*.toml") for line in _lines_of(load_prompt(path.stem)))


def _lines_of(prompt: Prompt) -> set[str]:
    return {text for name, text in prompt.texts.items() if name == "system" or name.startswith("system_")}


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
