"""Which systems cannot be told apart: letters and ranges of ranks instead of bare ranks."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np

from toolbench_eval.metrics.segments import Bools, Floats


def letters(values: Floats, differ: Bools) -> list[str]:
    """Compact letter display: two systems share a letter exactly if they are not separable.

    Insert and absorb (Piepho 2004, Journal of Computational and Graphical Statistics 13). The letter `a` goes to
    the group with the best system.

    Args:
        values: Value of each system, shape (n,); higher is better.
        differ: Whether two systems differ significantly, symmetric, shape (n, n).

    Returns:
        The letters of each system, e.g. `ab`.
    """
    order = np.argsort(-values, kind="stable").tolist()
    columns = [frozenset(order)]
    for at, first in enumerate(order):
        for second in order[at + 1 :]:
            if differ[first, second]:
                columns = _insert(columns, first, second)
    place = {system: rank for rank, system in enumerate(order)}
    columns.sort(key=lambda column: sorted(place[system] for system in column))
    return [
        "".join(_letter(number) for number, column in enumerate(columns) if system in column)
        for system in range(len(order))
    ]


def rank_ranges(values: Floats, differ: Bools) -> list[tuple[int, int]]:
    """Best and worst rank that the tests leave open to each system; arguments as `letters`."""
    better = differ & (values[None, :] > values[:, None])
    worse = differ & (values[None, :] < values[:, None])
    ends = zip(1 + better.sum(axis=1), len(values) - worse.sum(axis=1), strict=True)
    return [(int(best), int(worst)) for best, worst in ends]


def _insert(columns: Sequence[frozenset[int]], first: int, second: int) -> list[frozenset[int]]:
    """Split the columns that hold both systems, and drop those that lie within another."""
    split: set[frozenset[int]] = set()
    for column in columns:
        split |= {column - {first}, column - {second}} if {first, second} <= column else {column}
    return [column for column in split if not any(column < other for other in split)]


def _letter(number: int) -> str:
    """A ... z, then a1 ... z1, and so on."""
    turn, letter = divmod(number, len(ascii_lowercase))
    return ascii_lowercase[letter] + (str(turn) if turn else "")
