"""From a nested question to questions about one named thing, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from toolbench_eval.llms.scripts.reading.knowledge import LOOKUPS
from toolbench_eval.llms.scripts.reading.phrases import ENTITY, phrase
from toolbench_eval.llms.scripts.reading.relations import Lookup

_DEEPEST = 12
"""Most phrases that are replaced in a question: an answer may itself be such a phrase."""


@dataclass(frozen=True)
class Step:
    """How far a question gets with what is known.

    Attributes:
        question: The question, with answers in place of the phrases that they are the answers to.
        missing: What has to be asked before it gets any further, None where no such phrase is left.
    """

    question: str
    missing: str | None = None


@dataclass(frozen=True)
class _Description:
    """A phrase such as `the author of X`: where it stands, and the question that it is the answer to."""

    start: int
    end: int
    question: str


@lru_cache(maxsize=4096)
def understand(question: str) -> tuple[tuple[Lookup, str], ...]:
    """What a question about one named thing asks: lookups, and the thing's name."""
    text = question.strip().removesuffix("?").rstrip()
    found = []
    for lookup in LOOKUPS:
        matches = (phrase(asked.removesuffix("?"), ENTITY).fullmatch(text) for asked in lookup.side.asked)
        name = next((match["known"] for match in matches if match), None)
        if name is not None:
            found.append((lookup, name))
    return tuple(found)


def reduce(question: str, known: Mapping[str, str]) -> Step:
    """Put what is known into a question, from its innermost phrase outwards.

    Args:
        question: Any question.
        known: Answers by `key` of their questions.
    """
    for _ in range(_DEEPEST):
        innermost = min(_descriptions(question), key=lambda one: (one.start, -one.end), default=None)
        if innermost is None or understand(question):
            break
        answer = known.get(key(innermost.question))
        if answer is None:
            return Step(question, innermost.question)
        question = f"{question[: innermost.start]}{answer}{question[innermost.end :]}"
    return Step(question)


def key(question: str) -> str:
    """Questions that differ in case, spaces and marks at the end are one."""
    return re.sub(r"\W+$", "", " ".join(question.split())).casefold()


def _descriptions(question: str) -> Iterator[_Description]:
    for lookup in LOOKUPS:
        for called in lookup.side.called:
            for match in phrase(called, ENTITY).finditer(question):
                # "the birthplace of Ada Byron" is not what "the birthplace of Ada Byron's mother" speaks of.
                if not question.startswith(("'s", "\u2019s"), match.end()):
                    yield _Description(match.start(), match.end(), lookup.question(match["known"]))
