"""The declared shape of MAIR against the counts of its specification."""

from collections import Counter

import pytest

from toolbench_eval.data.splits import expected_splits
from toolbench_eval.registry import Registry
from toolbench_eval.selection import select

SUITE = Registry().suite("mair")


def test_126_tasks_in_six_domains_and_445_units():
    assert len(SUITE.rows) == 126
    domains = Counter(row.category for row in SUITE.rows)
    assert domains == {"Web": 54, "Medical": 19, "Code": 18, "Academic": 16, "Legal": 11, "Finance": 8}
    assert sum(row.splits for row in SUITE.rows) == 445
    assert len({(row.category, row.subcategory) for row in SUITE.rows}) == 39


def test_tasks_with_several_splits():
    several = {row.task: row.splits for row in SUITE.rows if row.splits > 1}
    assert several == {
        "CQADupStack": 12,
        "CUAD": 4,
        "MISeD": 5,
        "SParC": 3,
        "SParC-SQL": 3,
        "Spider": 3,
        "Spider-SQL": 3,
        "SWE-Bench-Lite": 119,
        "IFEval": 176,
    }


def test_every_split_is_named_or_counted():
    expected = expected_splits(SUITE)
    assert {task: sum(splits.values()) for task, splits in expected.items()} == {
        row.task: row.splits for row in SUITE.rows
    }
    assert sum(splits == {"queries": 1} for splits in expected.values()) == 117
    assert expected["IFEval"]["detectable_format"] == 54
    assert Counter(expected["SWE-Bench-Lite"].values()) == {10: 11, 9: 1}


def test_12_groups_of_tasks_share_their_documents():
    groups = Counter(row.shared_corpus for row in SUITE.rows if row.shared_corpus)
    assert len(groups) == 12
    assert sum(groups.values()) - len(groups) == 19  # copies that need no index of their own
    assert groups["AY2"] == 8


@pytest.mark.parametrize(
    ("pattern", "tasks"), [("mair", 126), ("mair:Code", 18), ("mair:Code/Tool", 8), ("mair:Legal/Statute", 5)]
)
def test_selection_by_domain_and_subdomain(pattern, tasks):
    assert len(select((pattern,), Registry())[0].rows) == tasks


def test_selection_by_glob():
    chosen = [row.task for row in select(("mair/*2021",), Registry())[0].rows]
    assert chosen
    assert all(task.endswith("2021") for task in chosen)


def test_home_measures_of_the_instruction_following_tasks():
    home = {row.task: row.home for row in SUITE.rows if row.home}
    followir = dict.fromkeys(("Core17", "News21", "Robust04"), "p-MRR")
    assert home == {**followir, "NevIR": "pairwise-accuracy", "InstructIR": "robustness@10"}


def test_protocols():
    assert SUITE.switch_defaults("default", "dense") == {
        "query_format": "model_card",
        "length": "model_card",
        "small_corpora": "clamp",
        "missing": "zero",
        "pooling": "card",
        "normalize": "card",
    }
    released = SUITE.switch_defaults("released", "dense")
    assert released == {
        "query_format": "st_prompt",
        "length": "model_card",
        "small_corpora": "reference",
        "missing": "drop",
        "pooling": "model",
        "normalize": "model",
    }
    published = {"missing": "zero", "last_window": "dropped", "attempts": "1", "text_tokens": "512"}
    assert SUITE.switch_defaults("paper", "listwise") == published
    assert SUITE.switch_defaults("released", "bm25") == {"missing": "drop"}
