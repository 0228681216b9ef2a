"""MAIR's shipped tables against the counts of its specification."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from toolbench_eval.data.splits import expected_splits
from toolbench_eval.registry import Registry

SUITE = Registry().suite("mair")


@pytest.fixture(scope="module")
def specified(shared_data: Path) -> dict[str, dict[str, str]]:
    table = shared_data.parent / "specs/mair_tasks.csv"
    if not table.is_file():
        pytest.skip(f"no table of tasks: {table}")
    with table.open(encoding="utf-8", newline="") as lines:
        return {row["task"]: row for row in csv.DictReader(lines)}


def test_number_of_splits_of_each_task(specified):
    ours = {task: sum(splits.values()) for task, splits in expected_splits(SUITE).items()}
    assert ours == {task: int(row["query_splits"]) for task, row in specified.items()}
    assert sum(ours.values()) == 445


def test_groups_of_tasks_with_one_corpus(specified):
    names = {row.task: row.shared_corpus for row in SUITE.rows if row.shared_corpus}
    groups: dict[str, list[str]] = defaultdict(list)
    for task, row in specified.items():
        groups[row["first_task_with_same_corpus"]].append(task)
    shared = {task for tasks in groups.values() if len(tasks) > 1 for task in tasks}
    assert names == {task: specified[task]["corpus"] for task in shared}
    assert len(groups) == 107
