"""The crew of 360°REA: reading from a leader's reply who does what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.shared.parsing import folded, spoken

Reading = Literal["tolerant", "released"]
"""`tolerant`: headings in any case and decoration; members beyond the bound are left out, equal names get numbers, and
a reply without members makes a crew of one generalist. `released`, as in the paper's code: headings must stand alone in
their line as they were asked for, an unknown one ends the work, any line with a colon is a member, of two with the same
name the later counts, nothing bounds the crew, and it may be empty."""

LEADER = "Leader"
"""Name of the leader among the members; no member is called so."""
ROLE_WORDS = 8
"""Words of the longest role; what stands before a colon and is longer is no role."""

GOALS, GUIDANCE, ASSIGNMENT = "main goals", "guidance", "task assignment"
_HEADINGS = {
    GOALS: ("main goals?", "goals?"),
    GUIDANCE: ("guidance", "guidelines?"),
    ASSIGNMENT: ("task assignments?", "assignments?", "team", "crew", "members", "roles"),
}
_DECORATION = r"[ \t]*(?:[#>*_-]+[ \t]*|\(?\d+[.)][ \t]*)*"
_LINE = re.compile(rf"^{_DECORATION}(?P<role>[^:\n]+?)[*_ \t]*:[*_ \t]*(?P<text>.*)$")
_BULLET = re.compile(rf"^{_DECORATION}")


class UnknownHeadingError(Exception):
    """A heading that the paper's code does not survive."""


@dataclass(frozen=True)
class Member:
    """A member of the crew.

    Attributes:
        role: Its name.
        part: What it does.
    """

    role: str
    part: str


@dataclass(frozen=True)
class Crew:
    """Who does what.

    Attributes:
        goals: What the result has to achieve.
        guidance: What all members mind.
        members: In the order in which they work.
        left_out: Roles beyond the bound.
        renamed: Roles that got a number, since the name was used already.
        fallback: Whether no member could be read, so that there is one generalist.
    """

    goals: str
    guidance: str
    members: tuple[Member, ...]
    left_out: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    fallback: bool = False

    @property
    def roles(self) -> list[str]:
        """Names of the members."""
        return [member.role for member in self.members]


def read_crew(reply: str, most: int, generalist: Member, reading: Reading = "tolerant") -> Crew:
    """The crew in a leader's reply.

    Args:
        reply: What the leader wrote.
        most: Most members.
        generalist: Does everything where no member can be read.
        reading: How it is read.

    Raises:
        UnknownHeadingError: With `released`, a heading is unknown.
    """
    if reading == "released":
        return _released_crew(reply)
    text = spoken(reply)
    found = sections(text, _HEADINGS)
    given = list(assigned((found.get(ASSIGNMENT) if found else text) or ""))
    members, renamed = _distinct(given[:most])
    left_out = tuple(member.role for member in given[most:])
    goals, guidance = one_line(found.get(GOALS, "")), one_line(found.get(GUIDANCE, ""))
    return Crew(goals, guidance, members or (generalist,), left_out, renamed, fallback=not members)


def sections(text: str, headings: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The parts of a text by heading; a heading may be decorated, and its part may begin in the same line.

    Args:
        text: What a model wrote.
        headings: Patterns of each heading, by the name that it has in the result.
    """
    spellings = "|".join(f"(?P<h{at}>{'|'.join(spelled)})" for at, spelled in enumerate(headings.values()))
    heading = re.compile(rf"^{_DECORATION}(?:{spellings})[*_ \t]*(?::[*_ \t]*|$)", re.IGNORECASE | re.MULTILINE)
    names, opened = list(headings), list(heading.finditer(text))
    found: dict[str, str] = {}
    for at, one in enumerate(opened):
        name = names[next(number for number in range(len(names)) if one[f"h{number}"])]
        end = opened[at + 1].start() if at + 1 < len(opened) else len(text)
        found.setdefault(name, text[one.end() : end].strip())
    return found


def assigned(text: str) -> Iterable[Member]:
    """Lines `role: part`; what follows without a role of its own belongs to the part before it."""
    role, part = "", ""
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None or len(found["role"].split()) > ROLE_WORDS:
            part = f"{part} {_BULLET.sub('', line)}"
            continue
        if role and part.strip():
            yield Member(role, one_line(part))
        role, part = one_line(found["role"].strip("*_` ")), found["text"]
    if role and part.strip():
        yield Member(role, one_line(part))


def _distinct(given: Sequence[Member]) -> tuple[tuple[Member, ...], tuple[str, ...]]:
    """Members with different names."""
    taken, members, renamed = {folded(LEADER)}, [], []
    for member in given:
        role, number = member.role, 2
        while folded(role) in taken:
            role, number = f"{member.role} {number}", number + 1
        taken.add(folded(role))
        members.append(Member(role, member.part))
        if role != member.role:
            renamed.append(role)
    return tuple(members), tuple(renamed)


def _released_crew(reply: str) -> Crew:
    parts: dict[str, list[str]] = {GOALS: [], GUIDANCE: [], ASSIGNMENT: []}
    exact = {"Main Goals:": GOALS, "Guidance:": GUIDANCE, "Task Assignment:": ASSIGNMENT}
    opened = ""
    for line in filter(None, map(str.strip, reply.splitlines())):
        if line in exact:
            opened = exact[line]
        elif line.endswith(":"):
            raise UnknownHeadingError(f"unknown heading '{line}'")
        elif opened:
            parts[opened].append(line)
    named = (line.partition(":") for line in parts[ASSIGNMENT] if ":" in line)
    members = {role.strip(): part.strip() for role, _, part in named}
    goals, guidance = " ".join(parts[GOALS]), " ".join(parts[GUIDANCE])
    return Crew(goals, guidance, tuple(Member(role, part) for role, part in members.items()))
