"""The declared shape of MAIR against the counts of its specification."""

from collections import Counter

import pytest

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
    }
    released = SUITE.switch_defaults("released", "dense")
    assert released == {
        "query_format": "st_prompt",
        "length": "model_card",
        "small_corpora": "reference",
        "missing": "drop",
    }
    assert SUITE.switch_defaults("released", "bm25") == {"missing": "drop"}
