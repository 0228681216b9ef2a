"""What the scripted reader understands: relations between two things, how texts say them and how questions ask.

Everything here is about English, nothing about any particular person, place or work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toolbench_eval.llms.scripts.phrases import KNOWN, NAME, TITLE, phrase


@dataclass(frozen=True)
class Side:
    """One of the two things that a relation is about, seen from the other, for which `{}` stands.

    Attributes:
        asked: Questions for it; the first is plain text, as the reader asks it.
        called: Noun phrases that mean it: `the author of {}`.
        form: What it looks like in a text.
    """

    asked: tuple[str, ...]
    called: tuple[str, ...] = ()
    form: str = NAME


@dataclass(frozen=True)
class Relation:
    """A relation between x and y.

    Attributes:
        says: How sentences say it, with `{x}` and `{y}`.
        y: What is asked of an x.
        x: What is asked of a y, None where nothing is.
    """

    says: tuple[str, ...]
    y: Side
    x: Side | None = None


@dataclass(frozen=True)
class Lookup:
    """One direction of a relation: what is wanted of a known thing."""

    side: Side
    says: tuple[str, ...]

    def question(self, name: str) -> str:
        """The question for a known name, as the reader asks it."""
        return self.side.asked[0].replace("{}", name)

    def answers(self, marked: str) -> Iterator[str]:
        """What a marked sentence says of the known thing (see `phrases.mark`)."""
        for pattern in self.says:
            found = phrase(pattern, KNOWN, f"{TITLE}|{self.side.form}").search(marked)
            if found and found["wanted"] != KNOWN:
                yield found["wanted"]


def lookups(relations: tuple[Relation, ...]) -> tuple[Lookup, ...]:
    """Both directions of relations."""
    found = []
    for relation in relations:
        for side, known, wanted in ((relation.y, "{x}", "{y}"), (relation.x, "{y}", "{x}")):
            if side is not None:
                says = tuple(text.replace(known, "{}").replace(wanted, "{?}") for text in relation.says)
                found.append(Lookup(side, says))
    return tuple(found)
