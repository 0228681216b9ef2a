"""p-MRR, pairwise accuracy and robustness, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.evaluation.home import HOME_MEASURES, UNMEASURED, Scored
from toolbench_eval.metrics.instruction_following import p_mrr, pairwise_accuracy, robustness
from toolbench_eval.ranking.run import Run

ranks = st.lists(st.integers(1, 1000), min_size=1, max_size=20)


def test_p_mrr_by_hand():
    # fell from 1 to 4: 1 - 1/4; stayed: 0; rose from 4 to 1: 1/4 - 1
    assert p_mrr(np.array([1, 3, 4]), np.array([4, 3, 1])).tolist() == [0.75, 0.0, -0.75]


@given(ranks, ranks)
def test_p_mrr_changes_its_sign_when_the_rankings_are_swapped(before, after):
    n = min(len(before), len(after))
    old, new = np.array(before[:n]), np.array(after[:n])
    np.testing.assert_allclose(p_mrr(old, new), -p_mrr(new, old), atol=1e-12)
    assert (np.abs(p_mrr(old, new)) < 1).all()


def test_a_model_that_always_prefers_one_document_gets_no_pair():
    assert pairwise_accuracy(np.array([True, True]), np.array([False, True])).tolist() == [0.0, 1.0]


def test_robustness_is_the_worst_of_a_group():
    assert robustness(np.array([0.9, 0.2, 0.5]), ["a", "a", "b"]) == {"a": 0.2, "b": 0.5}


def scored(judgments, rankings, texts=None):
    qrels = Qrels.of(judgments)
    names = qrels.doc_ids.to_pylist()
    documents = np.array([[names.index(doc) for doc in ranking] for ranking in rankings], dtype=np.int32)
    scores = -np.arange(documents.shape[1], dtype=np.float32)[None].repeat(len(documents), 0)
    queries = Queries.of(list(judgments), texts or list(judgments))
    return Scored(queries, qrels, Run(queries.ids, qrels.doc_ids, documents, scores))


def test_p_mrr_of_a_task_takes_documents_that_lost_their_relevance():
    judgments = {"7-og": {"a": 1, "b": 1, "c": 0, "d": 0}, "7-changed": {"a": 0, "b": 1, "c": 0, "d": 0}}
    found = HOME_MEASURES["p-MRR"](scored(judgments, [["a", "b", "c", "d"], ["b", "c", "d", "a"]]))
    assert found == {"p-MRR": 0.75, "pairs": 1.0}  # only a: 1 -> 4


def test_pairwise_accuracy_of_a_task_needs_both_queries():
    judgments = {"1_q1": {"a": 1}, "1_q2": {"b": 1}, "2_q1": {"c": 1}, "2_q2": {"d": 1}}
    rankings = [["a", "b", "c", "d"], ["b", "a", "c", "d"], ["c", "d", "a", "b"], ["c", "d", "a", "b"]]
    found = HOME_MEASURES["pairwise-accuracy"](scored(judgments, rankings))
    assert found == {"pairwise-accuracy": 0.5, "pairs": 2.0}


def test_robustness_of_a_task_groups_by_the_query_text():
    judgments = {"x1": {"a": 1}, "x2": {"a": 1}, "y1": {"b": 1, "c": 0}}
    rankings = [["a", "b", "c"], ["b", "a", "c"], ["b", "a", "c"]]
    found = HOME_MEASURES["robustness@10"](scored(judgments, rankings, ["x", "x", "y"]))
    assert found["groups"] == 1.0  # y is alone: nothing to compare it with
    np.testing.assert_allclose(found["robustness@10"], 1 / np.log2(3))


NOTHING = {
    "p-MRR": ({"7": {"a": 1}, "8": {"b": 1}}, "pairs"),
    "pairwise-accuracy": ({"7": {"a": 1}, "8": {"b": 1}}, "pairs"),
    "robustness@10": ({"7": {"a": 1}, "8": {"b": 1}}, "groups"),
}


@pytest.mark.parametrize("name", HOME_MEASURES)
def test_without_pairs_or_groups_nothing_is_measured(name):
    judgments, unit = NOTHING[name]
    assert HOME_MEASURES[name](scored(judgments, [["a", "b"], ["b", "a"]])) == {name: None, unit: 0.0}
    assert UNMEASURED.keys() == HOME_MEASURES.keys()


def test_pairs_that_show_nothing_do_not_count():
    same = {"7-og": {"a": 1, "b": 0}, "7-changed": {"a": 1, "b": 0}}  # no document lost its relevance
    assert HOME_MEASURES["p-MRR"](scored(same, [["a", "b"], ["b", "a"]])) == {"p-MRR": None, "pairs": 0.0}
    unlabelled = {"1_q1": {"a": 1, "b": 0}, "1_q2": {"b": 0}}  # the second has no document of its own
    assert HOME_MEASURES["pairwise-accuracy"](scored(unlabelled, [["a", "b"], ["b", "a"]])) == {
        "pairwise-accuracy": None,
        "pairs": 0.0,
    }
