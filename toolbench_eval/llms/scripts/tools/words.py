"""Words of requests and of descriptions of tools, and how well the ones fit the others."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:\.\d+)?")
_OWNER = re.compile(r"['\u2019]s\b")
_ENDINGS = ("ing", "ed", "er", "es", "s", "e")

_FILLERS = frozenset(
    """a an the of for in on at by to from with and or not no any all some each every this that these those it its there
    is are was were be been has have had do does did can could will would shall should may must i me my we our you your
    he she his her him they them their as if so than then please also just about into over under out up down per which
    who whom whose what when where why how many much tell give show let know want need like would get take takes place
    high strong long far new only one two between via using used use""".split()  # noqa: SIM905 - a list would fill a page
)
_SAME = (
    ("price", "cost", "fare", "fee", "rate", "pay", "charge"),
    ("street", "live", "home", "address", "reside"),
    ("occupation", "job", "profession", "work"),
    ("phone", "telephone"),
    ("begin", "start"),
    ("leave", "depart", "departure"),
    ("buy", "purchase"),
    ("film", "movie"),
    ("song", "track"),
    ("delete", "remove"),
    ("owe", "fee"),
)
_CHANGES = """
    book order buy purchase reserve cancel delete remove add create send place update set modify change pay post put
    register insert play follow borrow return
"""
_DATED = "old outdated obsolete deprecated legacy former"
QUESTION = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can)\b", re.IGNORECASE
)


class View(Protocol):
    """A tool, as far as its words go."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def description(self) -> str:
        """What it does."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON schema of its arguments."""


def words(text: str) -> list[str]:
    """The words of a text in lower case; names such as `find_person` and `findPerson` are taken apart."""
    return [word.lower() for word in _WORD.findall(_OWNER.sub(" ", text))]


@cache
def stem(word: str) -> str:
    """A word without its ending, and the same for words that mean the same."""
    return _MEANS.get(_cut(word), _cut(word))


def stems(text: str) -> list[str]:
    """The stems of a text's words that carry meaning, in order."""
    return [stem(word) for word in words(text) if word not in _FILLERS]


def _cut(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            short = word.removesuffix(ending)
            return _cut(short) if ending == "s" or short.endswith("er") else short
    return word


_MEANS = {_cut(word): _cut(group[0]) for group in _SAME for word in group}
CHANGES = frozenset(stem(word) for word in _CHANGES.split())
DATED = frozenset(stem(word) for word in _DATED.split())


def asks(clause: str) -> bool:
    """Whether a clause is a question."""
    return clause.rstrip().endswith("?") or bool(QUESTION.match(clause.strip()))


def clauses(request: str, tools: Iterable[View]) -> list[str]:
    """The parts of a request that want something of their own.

    It is cut at the ends of sentences, before `then`, and before `and` where a verb of some tool follows.
    """
    verbs = {verb for tool in tools for verb in verbs_of(tool)} & CHANGES
    found: list[str] = []
    for sentence in re.split(r"(?<=[.!?;])\s+(?=[A-Z])|[,;]?\s+(?:and\s+)?then\s+", request.strip()):
        parts = re.split(r",?\s+and\s+(?:also\s+)?", sentence)
        for at, part in enumerate(parts):
            if at and next((stem(word) for word in words(part)), "") not in verbs:
                found[-1] = f"{found[-1]} and {part}"
            else:
                found.append(part)
    return [part for part in found if stems(part)]


def verbs_of(tool: View) -> set[str]:
    """The first word of a tool's name and of its description."""
    return {stem(said[0]) for text in (tool.name, tool.description) if (said := words(text))}


class Vocabulary:
    """The words of the tools that are offered, rare ones counting more."""

    def __init__(self, tools: Sequence[View]) -> None:
        """Read the tools."""
        self._of = {tool.name: _weights(tool) for tool in tools}
        seen = Counter(word for known in self._of.values() for word in known)
        self._worth = {word: math.log(1 + len(tools) / count) for word, count in seen.items()}

    def explains(self, word: str, names: Collection[str] | None = None) -> bool:
        """Whether some tool (of these) has a word."""
        return any(word in known for name, known in self._of.items() if names is None or name in names)

    def relevance(self, tool: View, wanted: Mapping[str, float]) -> float:
        """How much of what is wanted a tool's words speak of.

        Args:
            tool: One of the tools.
            wanted: Weight of each stem.
        """
        known = self._of[tool.name]
        return sum(weight * known[word] * self._worth[word] for word, weight in wanted.items() if word in known)


def _weights(tool: View) -> dict[str, float]:
    """A tool's words: those of its name count most, those of its arguments least."""
    found: dict[str, float] = {}
    arguments = tool.parameters.get("properties", {})
    choices = " ".join(str(value) for schema in arguments.values() for value in schema.get("enum", ()))
    for text, weight in ((" ".join(arguments), 0.5), (choices, 1.0), (tool.description, 1.0), (tool.name, 1.5)):
        found |= dict.fromkeys(stems(text), weight)
    return found
