"""The splits that the tasks of a suite should have, and how those that were found differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from toolbench_eval.data.tasks import TaskData
from toolbench_eval.declarations import read_rows, validated
from toolbench_eval.errors import DataError
from toolbench_eval.suites import SplitRow, Suite

SHOWN = 12
"""Names that a message lists at most."""


def expected_splits(suite: Suite) -> dict[str, dict[str, int]]:
    """For each task the names of its splits, or of groups of them, with their numbers; empty without a table.

    Raises:
        DataError: The table cannot be read, or a row is wrong.
    """
    if suite.spec.split_table is None:
        return {}
    path, known = suite.folder / suite.spec.split_table, {row.task for row in suite.rows}
    expected: dict[str, dict[str, int]] = {}
    for number, values in enumerate(read_rows(path), start=2):
        row = validated(SplitRow, values, path, number)
        if row.task not in known:
            raise DataError(f"the suite has no task '{row.task}'", file=path, row=number, field="task")
        if row.split in expected.setdefault(row.task, {}):
            raise DataError(f"the split '{row.split}' stands twice", file=path, row=number, field="split")
        expected[row.task][row.split] = row.splits
    return expected


def differing_splits(suite: Suite, task: TaskData, expected: Mapping[str, int]) -> str | None:
    """What is unexpected or missing among the splits of a task, in one line; None if nothing is."""
    documents = suite.spec.hub.documents if suite.spec.hub is not None else None
    ending = "" if documents is None else f"_{documents.split_suffix[0]}"
    names = [unit.split.removesuffix(ending) for unit in task.units]
    group_of = {name: next((one for one in expected if _belongs(name, one)), None) for name in names}
    found = Counter(group_of[name] for name in names)
    lists = {
        "missing": [name for name in expected if not found[name]],
        "unexpected": [name for name in names if group_of[name] is None],
        "other numbers": [f"{one} {found[one]} (expected {n})" for one, n in expected.items() if 0 != found[one] != n],
    }
    return "; ".join(f"{what} {_some(texts)}" for what, texts in lists.items() if texts) or None


def _belongs(split: str, name: str) -> bool:
    return split == name or split.startswith(f"{name}__")


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more
