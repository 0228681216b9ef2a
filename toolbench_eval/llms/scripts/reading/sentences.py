"""Sentences of a passage, with its pronouns replaced by the name that the passage is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from toolbench_eval.llms.scripts.reading.phrases import bare_name

_END = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bSt\.)(?<!\bMrs\.)\s+(?=[A-Z0-9\"'])")
_SUBJECT = re.compile(r"\b(?:it|he|she|they|him)\b", re.IGNORECASE)
_OWNER = re.compile(r"\b(?:its|his|her|their)\b(?= \w)", re.IGNORECASE)
_DEFINED = re.compile(
    r"(?:^an?|\b(?:is|was|are|were) (?:an?|the)) (?:[\w'-]+ )*?([a-z-]+)"
    r"(?= (?:of|in|on|at|by|for|from|with|among|near|whose|who|which|that|and|about|between)\b|[,.;:]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence.

    Attributes:
        text: As it stands in the passage.
        resolved: With names for pronouns; beginning with the title.
    """

    text: str
    resolved: str


def title_of(passage: str) -> str:
    """The first line of a passage, without brackets; empty where there is no other line."""
    title, line, _ = passage.partition("\n")
    return bare_name(title) if line else ""


def sentences(passage: str) -> Iterator[Sentence]:
    """The sentences of a passage given as title, newline, text.

    Pronouns are taken to mean what the passage is about, and so are its kind ("the bridge") and its last name: a
    reader's rule of thumb, which now and then is wrong.
    """
    title = title_of(passage)
    split = _END.split(" ".join(passage.split("\n", 1)[-1].split()))
    kinds = _kinds(title, split[0])
    for number, sentence in enumerate(split):
        if sentence:
            yield Sentence(sentence, _resolve(sentence, title, kinds if number else set()))


def _kinds(title: str, first: str) -> set[str]:
    """Words that mean the subject after `the`: from its name, and from `... is a <kind>` in the first sentence."""
    words = title.split()
    named = {words[0].lower(), words[-1].lower()} if len(words) > 1 else set()
    return named | {found[1].lower() for found in _DEFINED.finditer(first)}


def _resolve(sentence: str, title: str, kinds: set[str]) -> str:
    if not title:
        return sentence
    text = _OWNER.sub(lambda _: f"{title}'s", sentence)
    text = _SUBJECT.sub(lambda _: title, text)
    if kinds:
        kind = rf"\b[Tt]he (?:{'|'.join(map(re.escape, sorted(kinds)))})\b(?! of\b)"
        text = re.sub(kind, lambda _: title, text)
    text = _full_names(text, title)
    return text if text.removeprefix("The ").startswith(title) else f"{title}: {text}"


def _full_names(text: str, title: str) -> str:
    """A last name by itself becomes the full name."""
    last = title.rsplit(maxsplit=1)[-1]
    if last == title or title in text or not last[0].isupper():
        return text
    alone = rf"(?:[A-Z][\w'-]* )?\b{re.escape(last)}\b(?! [A-Z])"
    return re.sub(alone, lambda found: title if found[0] == last else found[0], text)
