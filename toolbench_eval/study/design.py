"""Which conditions a study has: one factor at a time, all combinations, or a fraction of them.

Source of the fractional designs: Box, Hunter and Hunter 2005, *Statistics for Experimenters*, 2nd edition, chapter 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

from toolbench_eval.errors import UsageError

Kind = Literal["one_factor", "full", "fractional"]
MOST_FACTORS = 10
"""Of a fractional design."""


@dataclass(frozen=True)
class Condition:
    """A level of every factor.

    Attributes:
        levels: Level by factor, in the order of the study.
        label: What differs from the base condition, `base` for that itself.
    """

    levels: Mapping[str, str]
    label: str


@dataclass(frozen=True)
class Design:
    """The conditions of a study.

    Attributes:
        kind: How they were chosen.
        conditions: The conditions; the base condition, all factors at their first level, is the first.
        relation: Products of factors that are the same everywhere (defining relation); empty unless fractional.
    """

    kind: Kind
    conditions: tuple[Condition, ...]
    relation: tuple[tuple[str, ...], ...] = ()

    @property
    def resolution(self) -> int | None:
        """Length of the shortest word of the defining relation, None unless the design is a fraction.

        Effects of i and of j factors are confounded only if i + j is at least that.
        """
        return min(map(len, self.relation)) if self.relation else None


def make_design(kind: Kind, factors: Mapping[str, Sequence[str]], resolution: int = 3) -> Design:
    """Choose conditions.

    Args:
        kind: How.
        factors: Levels by factor, the base level first, at least two each.
        resolution: Least resolution of a fraction.

    Raises:
        UsageError: A fraction needs two levels of each factor, and at most `MOST_FACTORS` of them.
    """
    if kind == "one_factor":
        base = {name: levels[0] for name, levels in factors.items()}
        rows = [base, *({**base, name: level} for name, levels in factors.items() for level in levels[1:])]
        return _design(kind, factors, rows)
    if kind == "full":
        return _design(kind, factors, [dict(zip(factors, row, strict=True)) for row in product(*factors.values())])
    if any(len(levels) != 2 for levels in factors.values()):
        raise UsageError("a fractional design takes two levels of each factor")
    if len(factors) > MOST_FACTORS:
        raise UsageError(f"a fractional design takes at most {MOST_FACTORS} factors, found {len(factors)}")
    names = list(factors)
    generators = fraction(len(names), resolution)
    rows = [
        {name: levels[high] for (name, levels), high in zip(factors.items(), row, strict=True)}
        for row in runs_of(len(names), generators)
    ]
    words = defining_words(len(names), generators)
    return _design(kind, factors, rows, tuple(tuple(names[at] for at in word) for word in words))


Generators = tuple[tuple[int, ...], ...]
"""For each factor beyond the basic ones: the basic factors whose product it is."""


def fraction(factors: int, resolution: int) -> Generators:
    """Generators of the smallest two-level fraction with at least a resolution; empty if only the whole will do.

    The number of basic factors is the smallest for which there are generators. They are searched for in the order of
    their length, longest first.
    """
    for basic in range(1, factors):
        words = [word for size in range(basic, 0, -1) for word in combinations(range(basic), size)]
        words = [word for word in words if len(word) + 1 >= resolution]
        found = _extended((), words, factors - basic, basic, resolution)
        if found is not None:
            return found
    return ()


def _extended(
    chosen: Generators, words: Sequence[tuple[int, ...]], wanted: int, basic: int, resolution: int
) -> Generators | None:
    """Generators with these at the beginning, None if there are none."""
    if len(chosen) == wanted:
        return chosen
    for at, word in enumerate(words):
        more = (*chosen, word)
        if min(map(len, defining_words(basic + len(more), more))) >= resolution:
            found = _extended(more, words[at + 1 :], wanted, basic, resolution)
            if found is not None:
                return found
    return None


def defining_words(factors: int, generators: Generators) -> list[tuple[int, ...]]:
    """The defining relation: all products of factors that are +1 in every run, as positions, shortest first."""
    basic = factors - len(generators)
    of_generators = [frozenset({*word, basic + at}) for at, word in enumerate(generators)]
    words = []
    for size in range(1, len(generators) + 1):
        for some in combinations(of_generators, size):
            word: frozenset[int] = frozenset()
            for one in some:
                word ^= one  # a factor times itself is 1
            words.append(tuple(sorted(word)))
    return sorted(words, key=lambda word: (len(word), word))


def runs_of(factors: int, generators: Generators) -> list[tuple[int, ...]]:
    """The runs as 0 (low) and 1 (high) of each factor; the first is low everywhere.

    A generated factor is the product of its basic ones in signs, and its sign is turned where their number is even:
    so the run with all basic factors low has it low, too.
    """
    basic = factors - len(generators)
    rows = []
    for row in product((0, 1), repeat=basic):
        generated = (sum(row[at] for at in word) % 2 for word in generators)
        rows.append((*row, *generated))
    return rows


def _design(
    kind: Kind,
    factors: Mapping[str, Sequence[str]],
    rows: Sequence[Mapping[str, str]],
    relation: tuple[tuple[str, ...], ...] = (),
) -> Design:
    conditions = []
    for row in rows:
        changed = [f"{name}={level}" for name, level in row.items() if level != factors[name][0]]
        conditions.append(Condition(row, ", ".join(changed) or "base"))
    return Design(kind, tuple(conditions), relation)
