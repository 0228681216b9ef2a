"""What suites say of switches and categories."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolbench_eval.suites import Suite, SuiteDeclaration, SwitchDefault, TaskRow


def suite(**values: object) -> Suite:
    spec = SuiteDeclaration.model_validate({"name": "s", "version": "1", "corpus": "c", **values})
    rows = [TaskRow(task="a", category="web"), TaskRow(task="b", category="code"), TaskRow(task="c", category="web")]
    return Suite(folder=Path(), spec=spec, rows=tuple(rows))


@pytest.mark.parametrize(
    ("declared", "default", "paper", "released"),
    [
        ({"default": "a"}, "a", "a", "a"),
        ({"default": "a", "paper": "b"}, "a", "b", "b"),  # the released code does what the paper says unless told
        ({"default": "a", "released": "c"}, "a", "a", "c"),
        ({"default": "a", "paper": "b", "released": "c"}, "a", "b", "c"),
    ],
)
def test_a_switch_under_each_protocol(declared: dict[str, str], default: str, paper: str, released: str):
    switch = SwitchDefault.model_validate(declared)
    assert (switch.under("default"), switch.under("paper"), switch.under("released")) == (default, paper, released)


def test_switches_of_other_families_are_left_out():
    switches = {"document_text": {"default": "raw", "paper": "repr", "only": ["bm25"]}, "ties": {"default": "stable"}}
    found = suite(switches=switches)
    assert found.switch_defaults("paper", "bm25") == {"document_text": "repr", "ties": "stable"}
    assert found.switch_defaults("default", "bm25") == {"document_text": "raw", "ties": "stable"}
    assert found.switch_defaults("paper", "dense") == {"ties": "stable"}
    assert found.switch_defaults("paper") == {"ties": "stable"}


def test_categories_in_the_order_of_the_table():
    assert suite().categories == ["web", "code"]
    assert suite().name == "s"


@pytest.mark.parametrize("name", ["a b", "", "-a", "a/b", "../a", "ä"])
def test_names_of_suites_are_names_of_folders(name: str):
    with pytest.raises(ValueError, match="name"):
        suite(name=name)
