"""Exact match and F1 by hand, under every evaluator's rules."""

from __future__ import annotations

import pytest

from toolbench_eval.errors import DataError, UnknownNameError
from toolbench_eval.metrics.answers.profiles import PROFILES, find_profile
from toolbench_eval.metrics.answers.score import score_answer

RIVER = "Saint Lawrence River, Canada"
CLOSED = ("official-hotpotqa", "official-2wiki-v1.0", "official-2wiki-v1.1", "flashrag")


def scored(prediction, golds, name):
    return score_answer(prediction, golds, PROFILES[name])


def test_the_profiles():
    assert list(PROFILES) == [
        "official-hotpotqa",
        "official-2wiki-v1.0",
        "official-2wiki-v1.1",
        "official-musique",
        "kilt",
        "flashrag",
        "hippo-rag",
        "search-r1",
        "genground",
        "exsearch",
        "dro",
    ]
    assert find_profile("kilt") is PROFILES["kilt"]
    with pytest.raises(UnknownNameError, match=r"unknown scoring profile 'klit'\. Did you mean kilt"):
        find_profile("klit")


@pytest.mark.parametrize("name", PROFILES)
def test_a_part_of_the_gold(name):
    got = scored("the Saint Lawrence River", [RIVER], name)
    assert (got["EM"], got["precision"], got["recall"]) == (0, 1, 0.75)
    assert got["F1"] == pytest.approx(6 / 7, abs=1e-15)
    assert (got["acc_contain"], got["acc_token"], got["acc_strict"]) == (0, 0, 0)
    assert (got["empty_gold"], got["prediction_words"]) == (0, 4)


@pytest.mark.parametrize("name", PROFILES)
def test_the_gold_in_a_sentence(name):
    got = scored("It flows to Saint Lawrence River, Canada.", [RIVER], name)
    assert (got["EM"], got["precision"], got["recall"]) == (0, 4 / 7, 1)
    assert got["F1"] == pytest.approx(8 / 11, abs=1e-15)
    assert (got["acc_contain"], got["acc_token"], got["prediction_words"]) == (1, 1, 7)


@pytest.mark.parametrize("name", PROFILES)
def test_half_a_yes(name):
    got = scored("yes it is", ["yes"], name)
    if name in CLOSED:
        assert (got["F1"], got["precision"], got["recall"]) == (0, 0, 0)
    else:
        assert (got["F1"], got["precision"], got["recall"]) == (0.5, 1 / 3, 1)
    assert got["EM"] == 0
    assert scored("Yes.", ["yes"], name)["F1"] == 1


def test_the_closed_answers_count_on_either_side():
    assert scored("no", ["no man"], "official-hotpotqa")["F1"] == 0
    assert scored("noanswer", ["noanswer here"], "flashrag")["F1"] == 0
    assert scored("no", ["no man"], "kilt")["F1"] == pytest.approx(2 / 3)
    # A closed gold among others takes no part; the others do.
    assert scored("yes man", ["yes", "man"], "flashrag")["F1"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", PROFILES)
def test_abbreviations(name):
    same = 0 if name in ("genground", "dro") else 1
    assert scored("US", ["U.S."], name)["EM"] == same
    assert scored("US", ["U.S."], name)["F1"] == same


def test_tokens_are_counted_as_often_as_they_stand():
    got = scored("new new york", ["new york new york"], "hippo-rag")
    assert (got["precision"], got["recall"]) == (1, 0.75)
    assert got["F1"] == pytest.approx(6 / 7)


GOLDS = ["alpha beta gamma delta", "alpha"]


@pytest.mark.parametrize("name", ["official-2wiki-v1.1", "flashrag"])
def test_each_measure_takes_its_own_best_gold(name):
    got = scored("alpha beta gamma", GOLDS, name)  # P, R: 1, 3/4 and 1/3, 1
    assert (got["precision"], got["recall"]) == (1, 1)
    assert got["F1"] == pytest.approx(6 / 7)


@pytest.mark.parametrize("name", ["official-musique", "kilt", "hippo-rag", "search-r1", "genground"])
def test_precision_and_recall_belong_to_the_gold_with_the_best_f1(name):
    for golds in (GOLDS, GOLDS[::-1]):
        got = scored("alpha beta gamma", golds, name)
        assert (got["precision"], got["recall"]) == (1, 0.75)


@pytest.mark.parametrize("name", ["official-hotpotqa", "official-2wiki-v1.0", "exsearch", "dro"])
def test_a_single_reference(name):
    golds = ["right", "wrong"]
    assert scored("right", golds, name)["EM"] == 1
    got = scored("wrong", golds, name)
    assert {got[measure] for measure in ("EM", "F1", "acc_contain", "acc_token", "acc_strict")} == {0}


def test_empty_answers():
    assert scored("the", ["a"], "official-musique")["F1"] == 1
    assert scored("x", ["a"], "official-musique")["F1"] == 0
    assert scored("", ["x"], "official-musique")["F1"] == 0
    perfect = scored("A", ["A"], "official-hotpotqa")  # the evaluator's known fault: F1 0 beside EM 1
    assert (perfect["EM"], perfect["F1"], perfect["empty_gold"]) == (1, 0, 1)


def test_kilt_drops_blank_golds_and_gives_blank_answers_nothing():
    got = scored(" ", ["A", "x"], "kilt")
    assert {
        name: got[name] for name in ("EM", "F1", "precision", "recall", "acc_contain", "acc_strict")
    } == dict.fromkeys(("EM", "F1", "precision", "recall", "acc_contain", "acc_strict"), 0)
    assert scored("", ["A"], "hippo-rag")["EM"] == 1  # elsewhere nothing equals nothing
    assert scored(" x ", ["  ", "x "], "kilt")["acc_strict"] == 1
    with pytest.raises(DataError, match="no gold answer"):
        scored("x", [" "], "kilt")


@pytest.mark.parametrize("name", PROFILES)
def test_a_question_without_gold_is_refused(name):
    with pytest.raises(DataError, match="field 'answers': no gold answer"):
        scored("x", [], name)


def test_means_as_evaluators_print_them():
    assert PROFILES["official-hotpotqa"].printed(2 / 3) == 2 / 3
    assert PROFILES["official-2wiki-v1.1"].printed(2 / 3) == 66.67
    assert PROFILES["official-musique"].printed(2 / 3) == 0.667
    assert PROFILES["dro"].printed(2 / 3) == 66.667
    measures = scored("x", ["x"], "kilt").keys()
    assert all(set(profile.reports) <= measures for profile in PROFILES.values())
