"""Significance groups of a board's entries, tested while the page is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from toolbench_eval.comparison.comparable import System, Terms
from toolbench_eval.comparison.groups import letters, rank_ranges
from toolbench_eval.comparison.prepare import Prepared, prepare
from toolbench_eval.comparison.significance import Method, all_pairs, compare_pairs, holm
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.leaderboard.entry import Entry, sidecar_names
from toolbench_eval.metrics.segments import Bools, Floats, Ints
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import RESULT_FILE

ALPHA = 0.05
DRAWS = 10_000
MOST = 40
"""Systems of a setting that are tested: letters for more than these could not be read."""


@dataclass(frozen=True)
class Group:
    """What the tests say of a system in one line.

    Attributes:
        letters: Systems that share one are not separable.
        best: Best rank that the tests leave open.
        worst: Worst such rank.
    """

    letters: str
    best: int
    worst: int


@dataclass(frozen=True)
class Tested:
    """The systems of one setting, tested against each other.

    Attributes:
        groups: By name of the entry, then by average or category; empty where nothing was tested.
        note: How it was tested, or why not, in words.
    """

    groups: dict[str, dict[str, Group]] = field(default_factory=dict)
    note: str = ""


def groups_of(entries: Sequence[Entry]) -> Tested:
    """Test entries of one setting against each other, on the measure of the headline.

    Averages and categories are lines of their own, each with Holm's correction over its pairs. Sign flips of the
    differences of queries, as `evalharness compare` does; the paired t-test where so many pairs are beyond what
    the flips can show.

    Args:
        entries: Systems that compete, best first; the first `MOST` are tested.
    """
    some = entries[:MOST]
    if len(some) < 2:
        return Tested(note="Nothing to test: fewer than two systems.")
    try:
        ready = prepare([_system(entry) for entry in some], None, Terms(across=_seed(some)))
    except (UsageError, DataError) as error:
        return Tested(note=f"Not tested: {_first_line(error)}")
    pairs = all_pairs(len(some))
    method = Method(draws=DRAWS) if len(pairs) / (DRAWS + 1) <= ALPHA else Method(test="t")
    note = f"{_METHODS[method.test]}; Holm-corrected over {len(pairs)} pairs, level {ALPHA:g}."
    if len(some) < len(entries):
        note += f" The {MOST} best of {len(entries)} systems are tested."
    return Tested(_groups(ready, [entry.name for entry in some], pairs, method, some[0].result), note)


_METHODS = {
    "permutation": f"Paired sign-flip test on the scores of queries, {DRAWS:,} flips",
    "t": "Paired t-test on the scores of queries",
}


def _groups(
    ready: Prepared, names: Sequence[str], pairs: Ints, method: Method, first: Result
) -> dict[str, dict[str, Group]]:
    lines = [line for line in ready.weightings if line.kind != "task"] or list(ready.weightings[:1])
    weights = np.stack([line.weights for line in lines])
    outcome = compare_pairs(ready.aligned.paired, weights, pairs, method)
    values = weights @ ready.aligned.paired.means.T
    found: dict[str, dict[str, Group]] = {name: {} for name in names}
    for at, line in enumerate(lines):
        label = first.headline.aggregate if line.kind == "task" else line.name
        for name, group in zip(names, _line(values[at], outcome.p[at], pairs), strict=True):
            found[name][label] = group
    return found


def _line(values: Floats, p: Floats, pairs: Ints) -> list[Group]:
    differ: Bools = np.zeros((len(values), len(values)), dtype=bool)
    differ[pairs[:, 0], pairs[:, 1]] = holm(p) <= ALPHA
    differ |= differ.T
    both = zip(letters(values, differ), rank_ranges(values, differ), strict=True)
    return [Group(letter, *ranks) for letter, ranks in both]


def _system(entry: Entry) -> System:
    """The entry with the files where they lie in every entry, whatever its result says."""
    result = entry.result
    tasks = {name: task.model_copy(update=sidecar_names(result, name)) for name, task in result.tasks.items()}
    return System(entry.name, entry.folder / RESULT_FILE, result.model_copy(update={"tasks": tasks}))


def _seed(entries: Sequence[Entry]) -> str | None:
    """The seed may differ: it decides the draws of an interval, and of a model by chance, not what is asked."""
    return "seed" if any("seed" in entry.result.task_setting for entry in entries) else None


def _first_line(error: Exception) -> str:
    message = error.message if isinstance(error, DataError) else str(error)
    lines = [line.strip(" -") for line in message.splitlines() if not line.startswith("--force")]
    return " ".join(lines[:2])
