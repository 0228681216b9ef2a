"""The sample that ships: its sizes, its oddities, and that all of it is sound."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from toolbench_eval.data.check import check_folder
from toolbench_eval.data.check_tables import check_corpus
from toolbench_eval.data.documents import load_corpus
from toolbench_eval.data.load import load_task_data
from toolbench_eval.data.sources import Access
from toolbench_eval.registry import Registry
from toolbench_eval.shipped import shipped

SIZES = {
    "trips": ("web", 24, 33),
    "homebudget": ("web", 30, 36),
    "skywatch": ("web", 14, 18),
    "tunes": ("web", 20, 37),
    "tabtext": ("code", 22, 26),
    "modelcards": ("code", 18, 20),
    "office": ("customized", 20, 29),
    "darkroom": ("customized", 12, 17),
}
OFFLINE = Access(offline=True)


@pytest.fixture(scope="module")
def suite():
    return Registry().suite("sample")


@pytest.fixture(scope="module")
def tasks(suite):
    return {row.task: load_task_data(suite, row, OFFLINE) for row in suite.rows}


@pytest.fixture(scope="module")
def corpus(suite):
    return load_corpus(Registry().corpus("sample", suite), OFFLINE).corpus


def test_it_has_no_fault(suite):
    assert check_folder(shipped("tasks") / "sample") == []
    documents, faults = check_corpus(Registry().corpus("sample", suite), OFFLINE)
    assert faults == []
    assert documents is not None
    assert len(documents.ids) == 405


def test_sizes(suite, tasks, corpus):
    assert {row.task: (row.category, row.queries, row.qrels) for row in suite.rows} == SIZES
    for name, (_, queries, labels) in SIZES.items():
        assert (len(tasks[name].queries), len(tasks[name].qrels.documents)) == (queries, labels)
    assert sum(len(task.queries) for task in tasks.values()) == 160
    assert Counter(corpus.groups.to_pylist()) == {"web": 225, "code": 92, "customized": 88}


def test_every_query_has_an_instruction_and_every_label_a_tool(tasks, corpus):
    tools = set(corpus.ids.to_pylist())
    for task in tasks.values():
        assert task.queries.instructions.null_count == 0
        assert set(task.qrels.doc_ids.to_pylist()) <= tools


def test_documents_are_json_with_a_name(corpus):
    for text in corpus.texts.to_pylist():
        assert "name" in json.loads(text)


def test_its_oddities_are_there(tasks, corpus):
    texts = Counter(corpus.texts.to_pylist())
    assert [count for count in texts.values() if count > 1] == [2]
    assert tasks["darkroom"].queries.texts.to_pylist().count("") == 1
    assert sorted(set(tasks["tunes"].qrels.grades.tolist())) == [1, 2]
    for name in ("homebudget", "office"):
        repeated = [text for text, count in Counter(tasks[name].queries.texts.to_pylist()).items() if count > 1]
        assert len(repeated) == 1
