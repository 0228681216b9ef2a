"""The scripted model solves puzzles of houses in a row: it reads the clues and tries places until all of them hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_HOUSES = re.compile(r"There are (\d+) houses")
_CATEGORY = re.compile(r"^ - [^:\n]*: (.+)$", re.MULTILINE)
_CLUE = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
_ASKED = re.compile(r"number of the house where (.+?) lives\?")
_ARTICLE = re.compile(r"^is an? ")
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")
_BETWEEN = {"one": 2, "two": 3, "three": 4}


@dataclass(frozen=True)
class Rule:
    """What a clue demands of the places of some people."""

    people: tuple[str, ...]
    holds: Callable[..., bool]


_RULES: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], Callable[..., bool]]]] = (
    (re.compile(r"lives in the (\w+) house"), lambda found: _at(found[1])),
    (re.compile(r"does not live in the (\w+) house"), lambda found: _not_at(found[1])),
    (re.compile(r"lives directly left of"), lambda found: lambda a, b: a + 1 == b),
    (re.compile(r"lives directly right of"), lambda found: lambda a, b: a == b + 1),
    (re.compile(r"lives somewhere to the left of"), lambda found: lambda a, b: a < b),
    (re.compile(r"lives somewhere to the right of"), lambda found: lambda a, b: a > b),
    (re.compile(r"live directly next to each other"), lambda found: lambda a, b: abs(a - b) == 1),
    (re.compile(r"[Tt]here (?:is|are) (\w+) houses? between"), lambda found: _apart(_BETWEEN.get(found[1], 0))),
)


def solve_grid(text: str) -> int | None:
    """The number of the house that is asked for; None where the text is no such puzzle, or its clues are not read.

    Args:
        text: The puzzle, as BIG-bench writes it.
    """
    houses, asked = _HOUSES.search(text), _ASKED.search(text)
    if houses is None or asked is None:
        return None
    groups = [_people(line) for line in _CATEGORY.findall(text)]
    names = [name for group in groups for name in group]
    wanted = _mentioned(asked[1], names)
    rules = [_rule(clue, names) for clue in _CLUE.findall(text)]
    if len(wanted) != 1 or None in rules:
        return None
    known = [rule for rule in rules if rule is not None]
    spoken_of = dict.fromkeys([*wanted, *(person for rule in known for person in rule.people)])
    places = _placed(list(spoken_of), {}, int(houses[1]), groups, known)
    return None if places is None else places[wanted[0]]


def _placed(
    people: Sequence[str],
    places: Mapping[str, int],
    houses: int,
    groups: Sequence[Sequence[str]],
    rules: Sequence[Rule],
) -> Mapping[str, int] | None:
    """Places for everybody, found by trying; who has the fewest possible ones is next."""
    free = {
        person: [place for place in range(1, houses + 1) if _fits({**places, person: place}, person, groups, rules)]
        for person in people
        if person not in places
    }
    if not free:
        return places
    person = min(free, key=lambda one: len(free[one]))
    for place in free[person]:
        found = _placed(people, {**places, person: place}, houses, groups, rules)
        if found is not None:
            return found
    return None


def _fits(places: Mapping[str, int], person: str, groups: Sequence[Sequence[str]], rules: Sequence[Rule]) -> bool:
    own = next(group for group in groups if person in group)
    if any(other != person and places.get(other) == places[person] for other in own):
        return False
    decided = (rule for rule in rules if person in rule.people and all(one in places for one in rule.people))
    return all(rule.holds(*(places[one] for one in rule.people)) for rule in decided)


def _people(line: str) -> list[str]:
    """Who there is of one kind, as clues call them."""
    phrases = re.split(r", and one |, one | and one ", line.removeprefix("one "))
    return [_ARTICLE.sub("", one.strip()) if _ARTICLE.match(one) else f"person who {one.strip()}" for one in phrases]


def _rule(clue: str, names: Sequence[str]) -> Rule | None:
    people = _mentioned(clue, names)
    for pattern, made in _RULES:
        found = pattern.search(clue)
        if found and people:
            return Rule(people, made(found))
    return None


def _mentioned(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """The people that a text speaks of, in order; of names within names the longest."""
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return tuple(re.findall(rf"\b(?:{pattern})\b", text)) if names else ()


def _at(word: str) -> Callable[[int], bool]:
    return lambda place: place == _place(word)


def _not_at(word: str) -> Callable[[int], bool]:
    return lambda place: place != _place(word)


def _place(word: str) -> int:
    return _PLACES.index(word) + 1 if word in _PLACES else 0


def _apart(distance: int) -> Callable[[int, int], bool]:
    return lambda one, other: abs(one - other) == distance
