"""ToolRet's declaration against the published numbers (Shi et al., Findings of ACL 2025, and the released data)."""

from __future__ import annotations

import pytest

from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.load import load_model

# subset: queries, labels; from the statistics of the released data
WEB = {
    "apibank": (101, 172),
    "apigen": (1000, 1326),
    "autotools-food": (22, 54),
    "autotools-music": (32, 140),
    "autotools-weather": (11, 41),
    "mnms": (33, 85),
    "restgpt-spotify": (40, 97),
    "restgpt-tmdb": (54, 124),
    "reversechain": (200, 585),
    "rotbench": (550, 574),
    "t-eval-dialog": (50, 50),
    "t-eval-step": (50, 179),
    "taskbench-daily": (40, 104),
    "toolace": (1000, 1402),
    "toolbench": (1100, 2629),
    "toolemu": (38, 52),
    "tooleyes": (95, 95),
    "toollens": (314, 818),
    "ultratool": (500, 1024),
}
CODE = {
    "craft-math-algebra": (280, 280),
    "craft-tabmwp": (174, 174),
    "craft-vqa": (200, 200),
    "gorilla-huggingface": (500, 500),
    "gorilla-pytorch": (43, 43),
    "gorilla-tensor": (55, 55),
    "toolink": (497, 1022),
}
CUSTOMIZED = {
    "appbench": (32, 66),
    "gpt4tools": (32, 32),
    "gta": (14, 28),
    "metatool": (200, 221),
    "taskbench-huggingface": (23, 63),
    "taskbench-multimedia": (40, 105),
    "tool-be-honest": (350, 1466),
    "toolalpaca": (94, 94),
    "toolbench-sam": (197, 206),
}


@pytest.fixture(scope="module")
def suite():
    return Registry().suite("toolret")


@pytest.mark.parametrize(
    ("category", "published", "subsets", "queries", "labels"),
    [("web", WEB, 19, 5230, 9551), ("code", CODE, 7, 1749, 2274), ("customized", CUSTOMIZED, 9, 982, 2281)],
)
def test_the_table_of_subsets(suite, category, published, subsets, queries, labels):
    rows = {row.task: (row.queries, row.qrels) for row in suite.rows if row.category == category}
    assert rows == published
    assert len(rows) == subsets
    assert sum(row[0] for row in rows.values()) == queries
    assert sum(row[1] for row in rows.values()) == labels


def test_the_whole_benchmark(suite):
    assert len(suite.rows) == 35
    assert sum(row.queries for row in suite.rows) == 7961
    assert sum(row.qrels for row in suite.rows) == 14106
    assert suite.categories == ["web", "code", "customized"]
    assert Registry().corpus("toolret", suite).spec.documents == 44453


def test_data_is_pinned_to_commits(suite):
    corpus = Registry().corpus("toolret", suite).spec.hub
    assert (suite.spec.hub.repo, corpus.repo) == ("mangopy/ToolRet-Queries", "mangopy/ToolRet-Tools")
    assert suite.spec.hub.revision == "b8c76ad3349ff17497b6bdb28bb5b8f61a0f6445"
    assert corpus.revision == "e06c38c75612b6536bd959e08cdd345894aba6a7"
    assert corpus.configs == ["web", "code", "customized"]


def test_what_is_reported(suite):
    """The paper reports nDCG, precision, recall and completeness at 10; its average is a mean of category means."""
    assert {"nDCG@10", "P@10", "R@10", "C@10"} <= set(suite.spec.metrics)
    assert {f"{name}@{k}" for name in ("nDCG", "P", "R", "AP", "C") for k in (5, 10, 20)} <= set(suite.spec.metrics)
    assert suite.spec.headline.model_dump() == {"metric": "nDCG@10", "aggregate": "category_macro"}
    assert suite.spec.instruction == "both"
    assert suite.spec.depth == 100
    assert (suite.folder / suite.spec.citation).is_file()


@pytest.mark.parametrize(
    ("model", "protocol", "template", "document"),
    [
        ("bm25", "default", "bare", "raw"),
        ("bm25", "paper", "scaffold", "repr"),
        ("bm25", "released", "scaffold", "repr"),
        ("tfidf", "paper", "scaffold", "raw"),
        ("bge", "default", "bare", "raw"),
        ("bge", "paper", "scaffold", "raw"),
    ],
)
def test_what_a_protocol_means_for_a_model(suite, model, protocol, template, document):
    setting = load_model(model, protocol=protocol, suite=suite).setting
    assert (setting["wo_inst_template"], setting["document_text"]) == (template, document)


def test_queries_without_a_ranking_are_dropped_by_the_reference_only(suite):
    missing = {name: suite.switch_defaults(name)["missing"] for name in ("default", "paper", "released")}
    assert missing == {"default": "zero", "paper": "zero", "released": "drop"}
