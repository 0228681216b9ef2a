"""What task patterns name."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolbench_eval.errors import DataError, UnknownNameError, UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.selection import select


def names(*patterns: str) -> list[str]:
    return [f"{one.suite.name}/{row.task}" for one in select(patterns, Registry()) for row in one.rows]


def test_a_suite_is_all_its_tasks_in_the_order_of_the_table() -> None:
    tasks = ["trips", "homebudget", "skywatch", "tunes", "tabtext", "modelcards", "office", "darkroom"]
    assert names("sample") == [f"sample/{task}" for task in tasks]
    assert select(("sample",), Registry())[0].whole


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("sample/tunes",), ["tunes"]),
        (("sample:code",), ["tabtext", "modelcards"]),
        (("sample/t*",), ["trips", "tunes", "tabtext"]),
        (("sampl?/o*",), ["office"]),
        (("sample/[ds]*",), ["skywatch", "darkroom"]),
        (("sample/tunes", "sample/trips", "sample/tunes"), ["trips", "tunes"]),
        (("sample/tunes", "sample:code"), ["tunes", "tabtext", "modelcards"]),
    ],
)
def test_patterns(patterns: tuple[str, ...], expected: list[str]) -> None:
    assert names(*patterns) == [f"sample/{task}" for task in expected]
    assert not select(patterns, Registry())[0].whole


def test_several_suites_come_in_the_order_they_were_named() -> None:
    assert [one.suite.name for one in select(("toolret/apibank", "sample"), Registry())] == ["toolret", "sample"]
    assert [one.suite.name for one in select(("sample", "toolret/apibank"), Registry())] == ["sample", "toolret"]


def test_a_glob_without_a_slash_is_over_suites() -> None:
    assert names("sample*")[:1] == ["sample/trips"]
    assert len(names("toolret*")) == 35


@pytest.mark.parametrize(
    ("pattern", "kind", "nearest"),
    [
        ("toolrett", "task", "toolret"),
        ("tunes", "task", "sample/tunes"),
        ("sample/tune", "task", "sample/tunes"),
        ("sample:cod", "category", "sample:code"),
        ("samplee:code", "task", "sample"),
        ("sample/x*", "task", "sample"),
    ],
)
def test_what_nobody_declared_is_refused_with_the_nearest_names(pattern: str, kind: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown {kind} ") as found:
        names(pattern)
    assert nearest in str(found.value).split("Did you mean")[1]


@pytest.mark.parametrize("pattern", ["mair/IFEval/keywords", "mair/SWE-Bench-Lite/django", "sample/trips/x"])
def test_parts_of_tasks_are_reported_not_selected(pattern: str) -> None:
    with pytest.raises(UsageError, match="reported, not selected: use --task " + pattern.rpartition("/")[0]):
        names(pattern)


def test_a_faulty_suite_shows_only_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/suite.toml").write_text('name = "broken"\n')
    registry = Registry((tmp_path,))
    with pytest.raises(UnknownNameError, match="sample/tunes"):
        select(("tunes",), registry)
    with pytest.raises(DataError, match=r"broken/suite\.toml"):
        select(("broken",), registry)
