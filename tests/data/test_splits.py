"""Tables of the splits that tasks should have."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolbench_eval.data.check import check_folder
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.splits import differing_splits, expected_splits
from toolbench_eval.data.tasks import Origin, TaskData, Unit
from toolbench_eval.errors import DataError
from toolbench_eval.registry import Registry
from toolbench_eval.suites import Suite, SuiteDeclaration, TaskRow

HUB = {"repo": "own/queries", "split": "*queries", "documents": {"repo": "own/docs"}}


def suite(folder: Path, table: str | None = None) -> Suite:
    name = None
    if table is not None:
        name = "units.csv"
        (folder / name).write_text(table)
    spec = SuiteDeclaration.model_validate({"name": "s", "version": "1", "hub": HUB, "split_table": name})
    return Suite(folder=folder, spec=spec, rows=(TaskRow(task="a"), TaskRow(task="b")))


def differing(folder: Path, found: list[str], expected: dict[str, int]) -> str | None:
    units = tuple(Unit(name, Queries.of([], []), Qrels.of({})) for name in found)
    return differing_splits(suite(folder), TaskData(TaskRow(task="a"), units, Origin("hub", "")), expected)


def test_a_suite_without_a_table_expects_nothing(tmp_path: Path):
    assert expected_splits(suite(tmp_path)) == {}


def test_names_and_numbers(tmp_path: Path):
    table = "task,split,splits\na,queries,1\nb,one,\nb,group,7\n"
    assert expected_splits(suite(tmp_path, table)) == {"a": {"queries": 1}, "b": {"one": 1, "group": 7}}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("task,split\nc,x\n", r"units\.csv, row 2, field 'task': the suite has no task 'c'"),
        ("task,split\na,x\na,x\n", r"row 3, field 'split': the split 'x' stands twice"),
        ("task,split,splits\na,x,0\n", "row 2, field 'splits'"),
        ("task,name\na,x\n", "row 2, field 'split': is missing"),
    ],
)
def test_wrong_tables(tmp_path: Path, table: str, message: str):
    with pytest.raises(DataError, match=message):
        expected_splits(suite(tmp_path, table))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["queries"], {"queries": 1}),
        (["x_queries"], {"x": 1}),  # a single split keeps its ending
        (["x", "y"], {"y": 1, "x": 1}),
        (["g__a_1", "g__b_2", "h__a_1"], {"g": 2, "h": 1}),
    ],
)
def test_splits_as_expected(tmp_path: Path, found: list[str], expected: dict[str, int]):
    assert differing(tmp_path, found, expected) is None


@pytest.mark.parametrize(
    ("found", "expected", "text"),
    [
        (["queries"], {"x": 1, "y": 1}, "missing x, y; unexpected queries"),
        (["g", "h", "i"], {"g": 54, "h": 2}, "unexpected i; other numbers g 1 (expected 54), h 1 (expected 2)"),
        (["g__a", "g__b", "gone__c"], {"g": 1}, "unexpected gone__c; other numbers g 2 (expected 1)"),
        (["x"], {"x": 1, **{f"n{at}": 1 for at in range(14)}}, f"missing {', '.join(f'n{at}' for at in range(12))} "),
    ],
)
def test_what_differs_is_named_in_one_line(tmp_path: Path, found: list[str], expected: dict[str, int], text: str):
    told = differing(tmp_path, found, expected)
    assert told is not None
    assert told == text if not text.endswith(" ") else told == f"{text}and 2 more"


def test_tasks_check_looks_at_the_table(tmp_path: Path):
    (tmp_path / "suite.toml").write_text(
        'name = "s"\nversion = "1"\nsplit_table = "none.csv"\n[hub]\nrepo = "o/q"\nsplit = "*queries"\n'
        '[hub.documents]\nrepo = "o/d"\n[[tasks]]\ntask = "a"\n'
    )
    assert Registry((tmp_path,)).suite("s").spec.split_table == "none.csv"
    assert [Path(one.file).name for one in check_folder(tmp_path)] == ["none.csv"]
