"""KILT's page-level measures and ROUGE-L by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.answers.kilt import points, provenance, r_precision, ranking_scores, score_kilt, score_pages
from toolbench_eval.metrics.answers.rouge import rouge_l

SETS = [["1", "2"], ["5"], ["7", "9", "11"]]


def test_r_precision_is_the_best_over_sets():
    assert r_precision(["2", "5", "7"], SETS) == 0.5  # 1/2, 0/1, 1/3
    assert r_precision(["5"], SETS) == 1
    assert r_precision([], SETS) == r_precision(["5"], []) == r_precision(["5"], [[]]) == 0


def test_a_set_stands_where_its_last_page_stands():
    assert points(["2", "5", "x", "1", "9"], SETS) == [True, False, True, False]
    assert points(["1", "y", "2"], [["1", "2"]]) == [False, True]
    assert points(["1", "2"], [["1", "2"], ["1"]]) == [True, True]  # page 1 is a point of both sets
    assert points(["1"], [["1"], ["1"]]) == [True]


def test_measures_at_k():
    got = ranking_scores(["2", "5", "x", "1", "9"], SETS, ks=(1, 2, 3))
    assert got == {
        "page_Rprec": 0.5,
        "page_precision@1": 1,
        "page_recall@1": pytest.approx(1 / 3),
        "page_success@1": 1,
        "page_precision@2": 0.5,
        "page_recall@2": pytest.approx(1 / 3),
        "page_success@2": 1,
        "page_precision@3": pytest.approx(2 / 3),
        "page_recall@3": pytest.approx(2 / 3),
        "page_success@3": 1,
    }
    assert set(ranking_scores([], SETS).values()) == set(ranking_scores(["1"], []).values()) == {0}


def test_provenance_by_different_keys():
    output = {
        "provenance": [
            {"wikipedia_id": 1, "section": "a "},
            {"wikipedia_id": " 1", "section": "b"},
            {"section": "c"},
        ]
    }
    assert provenance(output) == ["1"]
    assert provenance(output, ("wikipedia_id", "section")) == ["1+a", "1+b"]
    assert provenance({}) == provenance({"provenance": None}) == []


def record(pages, answer=None):
    output = {"provenance": [{"wikipedia_id": page} for page in pages]}
    return {"id": "q", "output": [output if answer is None else {**output, "answer": answer}]}


GOLD = {
    "id": "q",
    "output": [{"answer": "red fox", "provenance": [{"wikipedia_id": "1"}]}, {"answer": " fox "}, {"answer": " "}],
}


def test_an_answer_counts_only_with_the_right_pages():
    got = score_kilt(GOLD, record([1, 2], "the fox"))
    assert (got["EM"], got["F1"], got["acc_strict"]) == (1, 1, 0)
    assert (got["KILT-EM"], got["KILT-F1"], got["KILT-accuracy"]) == (1, 1, 0)
    assert got["KILT-ROUGE-L"] == got["ROUGE-L"] == pytest.approx(2 / 3, abs=1e-7)
    other = score_kilt(GOLD, record([2, 1], "the fox"))
    assert (other["EM"], other["page_Rprec"], other["page_recall@5"]) == (1, 0, 1)
    assert [other[name] for name in other if name.startswith("KILT")] == [0, 0, 0, 0]


def test_a_part_of_the_pages_is_not_enough():
    gold = {"output": [{"answer": "fox", "provenance": [{"wikipedia_id": 1}, {"wikipedia_id": 2}]}]}
    got = score_kilt(gold, record([1, 3, 2], "fox"))
    assert (got["page_Rprec"], got["EM"], got["KILT-EM"], got["KILT-F1"]) == (0.5, 1, 0, 0)


@pytest.mark.parametrize("guess", [None, record([]), record([], " "), record([], "")])
def test_no_answer_scores_0_and_stays(guess):
    got = score_kilt(GOLD, guess)
    assert set(got.values()) == {0}
    assert got.keys() == score_kilt(GOLD, record([1], "fox")).keys()


def test_pages_without_an_answer():
    assert score_pages({"output": [{"provenance": [{"wikipedia_id": 3}]}]}, record([3]), ks=(1,)) == {
        "page_Rprec": 1,
        "page_precision@1": 1,
        "page_recall@1": 1,
        "page_success@1": 1,
    }


def test_a_guess_has_one_output():
    with pytest.raises(DataError, match="exactly one output, 'q' has 2"):
        score_kilt(GOLD, {"id": "q", "output": [{}, {}]})


@pytest.mark.parametrize(
    ("prediction", "gold", "value"),
    [
        ("a suicide", "suicide", 1 / (1.5 + 1e-8)),
        ("suicide", "it was suicide", (2 / 3) / (4 / 3 + 1e-8)),
        ("x y z", "x y z", 2 / (2 + 1e-8)),
        ("y x", "x y", 0.5 / (1 + 1e-8)),  # one word in order, of two
        ("x x x y", "x y", 2 / (2 + 1e-8)),  # distinct words
        ("x x x y", "x y x", 0.5 / (1 + 1e-8)),  # of two longest runs the package takes "x x", not "x y"
        ("one two. three four", "one five. four", 8 / 12 / (7 / 6 + 1e-8)),  # union of both sentences: one, four
        ("Case counts", "case counts", 0.5 / (1 + 1e-8)),
        ("", "x", 0),
        ("x", "", 0),
        (".", "x", 0),
    ],
)
def test_rouge_l(prediction, gold, value):
    assert rouge_l(prediction, gold) == pytest.approx(value, abs=1e-12)


pages = st.lists(st.sampled_from("abcdef"), unique=True)


@settings(deadline=None)
@given(pages, st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), min_size=1, max_size=4))
def test_recall_counts_the_sets_that_are_found_whole(ranked, sets):
    distinct = set(map(frozenset, sets))
    everything = ranking_scores(ranked, [list(pages) for pages in sets], ks=(100,))
    whole = sum(pages <= set(ranked) for pages in distinct)
    assert everything["page_recall@100"] == pytest.approx(whole / len(distinct))
    assert everything["page_success@100"] == float(whole > 0)
    depths = [ranking_scores(ranked, [list(pages) for pages in sets], ks=(k,))[f"page_recall@{k}"] for k in range(1, 9)]
    assert depths == sorted(depths)
