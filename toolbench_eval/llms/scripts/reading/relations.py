"""What the scripted reader understands: relations between two things, how texts say them and how questions ask.

The tables are in `about_people.py`, `about_things.py` and `about_places.py`. They are about English, not about any
particular person, place or work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toolbench_eval.llms.scripts.reading.phrases import KNOWN, NAME, TITLE, YEAR, phrase

_ASIDE = r"(?:, [^,;]{1,60},)?"


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


def made(base: str, past: str, done: str, maker: str, *says: str) -> Relation:
    """Somebody (y) makes something (x).

    Args:
        base: The verb, `write`; several forms with `|` between, of which questions take the first.
        past: Its past, `wrote`.
        done: Its participle, `written`.
        maker: Who does it, `author|writer`.
        says: Further ways to say it.
    """
    return Relation(
        says=(
            rf"{{x}}…({done})…by {{y}}",
            rf"\b({done})…by {{y}},? {{x}}",
            rf"{{y}}{_ASIDE} (who |had |first )?({past}) {{x}}",
            rf"{{y}}, who ({past}) {{x}}",
            rf"{{x}}…\b({maker}),? (was|is) {{y}}",
            rf"{{x}}'s ({maker}),? {{y}}",
            rf"{{y}}{_ASIDE} (was |is )?(the )?({maker}) of {{x}}",
            *says,
        ),
        y=Side(
            (
                f"Who {_first(past)} {{}}?",
                rf"(Who|What|Which <kind>) ({past}) {{}}?",
                rf"By whom was {{}} ({done})?",
                rf"Who (was|is) the ({maker}) of {{}}?",
            ),
            (
                rf"the ({maker}) of {{}}",
                rf"the <kind> (that|which|who) ({past}) {{}}",
                rf"{{}}'s ({maker})\b",
            ),
        ),
        x=Side(
            (
                f"What was {_first(done)} by {{}}?",
                rf"(What|Which <kind>) did {{}} ({base})?",
                rf"(What|Which <kind>) was (first )?({done}) by {{}}?",
            ),
            (rf"the <kind> ((which|that) was )?({done}) by {{}}", rf"the <kind> (that |which )?{{}} ({past})\b"),
        ),
    )


def dated(done: str, *says: str) -> Relation:
    """Something happens to x in a year (y).

    Args:
        done: The participle, `opened`; several with `|` between, of which questions take the first.
        says: Further ways to say it.
    """
    return Relation(
        says=(
            rf"{{x}}…({done})…(in|on|since)…{{y}}",
            rf"({done}) {{x}} in {{y}}",
            rf"\b({done}) in {{y}},? {{x}}",
            rf"in {{y}},? {{x}}…({done})",
            *says,
        ),
        y=Side(
            (
                f"When was {{}} {_first(done)}?",
                rf"When was {{}} (first )?({done})?",
                rf"In (what|which) year was {{}} ({done})?",
            ),
            form=YEAR,
        ),
    )


def held(noun: str, *says: str, x: Side | None = None) -> Relation:
    """Somebody (y) has an office in x, which is a place or a thing.

    Args:
        noun: The office, `captain`; several words with `|` between, of which questions take the first.
        says: Further ways to say it.
        x: What is asked of a y.
    """
    return Relation(
        says=(
            rf"{{x}}(?:'s)?…\b({noun}),? (was |is |named |called )?(Captain )?{{y}}",
            rf"{{y}}{_ASIDE} (is|was|has been|became|served as|has served as)…({noun}) of {{x}}",
            rf"{{y}}, (the )?({noun}) of {{x}}",
            *says,
        ),
        y=Side(
            (
                f"Who is the {_first(noun)} of {{}}?",
                rf"Who (is|was) the ({noun}) of {{}}?",
                rf"Who (is|was) {{}}'s ({noun})?",
            ),
            (rf"the ({noun}) of {{}}", rf"{{}}'s ({noun})\b"),
        ),
        x=x,
    )


def _first(words: str) -> str:
    return words.partition("|")[0]
