"""The declaration of mhqa against the sizes that the data sets' papers and repositories give."""

from __future__ import annotations

import pytest

from toolbench_eval.data.qa.load import load_questions
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import MissingDataError
from toolbench_eval.metrics.answers.registry import known
from toolbench_eval.registry import Registry
from toolbench_eval.selection import select
from toolbench_eval.suites import QuestionRow

SIZES = {
    "hotpotqa": 7405,
    "hotpotqa-fullwiki": 7405,
    "2wikimultihopqa": 12576,
    "musique": 2417,
    "musique-full": None,
    "strategyqa": 229,
    "bamboogle": 125,
    "morehopqa-150": 150,
    "fanoutqa": 310,
    "frames": 824,
    "kilt-hotpotqa": 5600,
    "nq": 3610,
    "nq-dpr": None,
    "nq-oracle": 2655,
    "kilt-nq": 2837,
    "wow": 3054,
    "lihuaworld": 637,
    "graphrag-bench-medical": 2062,
    "rgb-en-fact": 100,
    "rgb-zh-int": 100,
}
EVALUATORS = {
    "hotpotqa": "official-hotpotqa",
    "2wikimultihopqa": "official-2wiki-v1.1",
    "musique": "official-musique",
    "wow": "kilt",
    "kilt-nq": "kilt",
}


@pytest.fixture(scope="module")
def suite():
    return Registry().suite("mhqa")


def test_the_table_of_tasks(suite):
    assert {row.task: row.queries for row in suite.rows} == SIZES
    assert suite.spec.kind == "question-answering"
    assert all(isinstance(row, QuestionRow) for row in suite.rows)
    assert suite.categories == ["multi-hop", "single-hop", "dialogue", "own-corpus", "robustness"]


def test_evaluators(suite):
    assert {row.task: row.profile for row in suite.rows if row.task in EVALUATORS} == EVALUATORS


def test_answer_types_and_searches(suite):
    rows = {row.task: row for row in suite.rows}
    assert {name for name, row in rows.items() if row.answer_type == "boolean"} == {"strategyqa"}
    assert {name for name, row in rows.items() if row.answer_type == "text"} == {
        "fanoutqa",
        "wow",
        "graphrag-bench-medical",
    }
    assert {name: row.search for name, row in rows.items() if row.search != "open"} == {
        "nq-oracle": "oracle",
        "rgb-en-fact": "distractor",
        "rgb-zh-int": "distractor",
    }


def test_measures(suite):
    assert suite.spec.metrics[:4] == ["EM", "F1", "acc_contain", "acc_token"]
    assert all(map(known, suite.spec.metrics))
    assert suite.spec.headline.model_dump() == {"metric": "F1", "aggregate": "task_macro"}
    assert suite.spec.unit == "task"


def test_no_revision_that_was_not_confirmed(suite):
    assert {row.revision for row in suite.rows} == {None}


def test_every_data_set_is_cited(suite):
    text = (suite.folder / suite.spec.citation).read_text()
    assert text.count("@") == text.count("year = ") == 17


def test_tasks_are_chosen_as_those_of_retrieval_suites(suite):
    (chosen,) = select(("mhqa:single-hop", "mhqa/bamboogle"), Registry())
    assert [row.task for row in chosen.rows] == ["bamboogle", "nq", "nq-dpr", "nq-oracle", "kilt-nq"]


def test_tasks_without_data_on_the_hub_ask_for_a_file(suite):
    for row in suite.rows:
        if row.repo is None:
            with pytest.raises(MissingDataError, match="--source"):
                load_questions(suite, row, Access(offline=True))
