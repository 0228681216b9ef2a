"""The four meanings of recall, and several searches as one list."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.metrics.answers.merging import MERGES, concatenate, round_robin
from toolbench_eval.metrics.answers.recall import (
    all_gold,
    annotator_recall,
    annotator_sets,
    answer_hit,
    answer_precision,
    answers_in,
    gold_recall,
    passage_key,
    recall_scores,
)

TEXTS = ["He lived in Paris.", "The U.S. of old", "norway", "paris, France"]


def test_answers_in_passages():
    held = answers_in(TEXTS, ["PARIS!"])
    assert held == [True, False, False, True]
    assert [answer_hit(held, k) for k in (1, 2)] == [1, 1]
    assert [answer_precision(held, k) for k in (1, 2, 3, 4, 9)] == [1, 0.5, 1 / 3, 0.5, 0.5]
    assert answers_in(TEXTS, ["us"]) == [False, True, False, False]
    assert answers_in(TEXTS, ["U.S."], "space") == [False, True, False, False]
    assert answers_in(TEXTS, ["no"]) == [False, False, True, False]  # containment means nothing for yes and no
    assert answers_in(TEXTS, ["A", "!!!"]) == [False] * 4  # golds of nothing are in no passage
    assert (answer_hit([], 5), answer_precision([], 5)) == (0, 0)


def test_recall_of_gold():
    ranked = ["a", "b", "a", "c"]
    assert [gold_recall(ranked, ["a", "c", "c"], k) for k in (0, 1, 3, 4)] == [0, 0.5, 0.5, 1]
    assert [all_gold(ranked, ["a", "c"], k) for k in (3, 4)] == [0, 1]
    assert gold_recall(ranked, [], 4) == all_gold(ranked, [], 4) == 0
    assert passage_key("Ann", "text") == "Ann\ntext"


def test_annotators():
    evidence = [
        [[["A-1", "A-2"]], [["B-1"], "operation"], ["no_evidence"]],
        [[["A-1"]], [[]]],
        [["operation"], ["no_evidence"]],
    ]
    sets = annotator_sets(evidence)
    assert sets == [{"A-1", "A-2", "B-1"}, {"A-1"}, set()]
    assert annotator_recall(["A-2", "B-1"], sets) == pytest.approx(2 / 3)
    assert annotator_recall(["A-1"], sets) == 1
    assert annotator_recall(["x"] * 10 + ["A-1"], sets) == 0
    assert annotator_recall(["x"] * 10 + ["A-1"], sets, k=11) == 1
    assert annotator_recall(["A-1"], []) == 0


def test_all_measures_of_one_list():
    passages = [("Ann", "red"), ("Ann", "a fox"), ("Bob", "red fox")]
    got = recall_scores(passages, ["fox"], [("Ann", "a fox"), ("Bob", "blue")], ["Ann", "Bob"], ks=[1, 3])
    assert got == {
        "answer_hit@1": 0,
        "answer_precision@1": 0,
        "gold_recall@1": 0,
        "all_gold@1": 0,
        "title_recall@1": 0.5,
        "all_titles@1": 0,
        "answer_hit@3": 1,
        "answer_precision@3": pytest.approx(2 / 3),
        "gold_recall@3": 0.5,
        "all_gold@3": 0,
        "title_recall@3": 1,
        "all_titles@3": 1,
    }
    assert list(recall_scores(passages, [], [], ["Ann"], ks=[2])) == ["title_recall@2", "all_titles@2"]
    assert recall_scores(passages, ["x"], [], ["Ann"], ks=[]) == {}


def test_several_searches():
    searches = [["a", "b", "c"], ["c", "d"], [], ["a", "e"]]
    assert concatenate(searches) == ["a", "b", "c", "d", "e"]
    assert round_robin(searches) == ["a", "c", "b", "d", "e"]
    assert list(MERGES) == ["concatenate", "round_robin"]
    assert concatenate([]) == round_robin([]) == []


lists = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=4)


@settings(deadline=None)
@given(lists)
def test_merging_keeps_every_id_once(searches):
    every = {item for search in searches for item in search}
    for merge in (concatenate, round_robin):
        merged = merge(searches)
        assert set(merged) == every
        assert len(merged) == len(every)
    best = {item: min(search.index(item) for search in searches if item in search) for item in every}
    assert [best[item] for item in round_robin(searches)] == sorted(best.values())


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), unique=True))
def test_one_search_stays_as_it_is(search):
    assert concatenate([search]) == round_robin([search]) == search
