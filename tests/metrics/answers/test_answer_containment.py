"""What containment gets wrong, and what the honest form makes of it."""

from __future__ import annotations

import pytest

from toolbench_eval.metrics.answers.containment import acc_contain, acc_strict, acc_token
from toolbench_eval.metrics.answers.overlap import Rules
from toolbench_eval.metrics.answers.profiles import PROFILES
from toolbench_eval.metrics.answers.score import score_answer

RULES = Rules()
AS_RELEASED = Rules(empty_golds="contained")


@pytest.mark.parametrize("prediction", ["I do not know", "Norway", "not", "another one"])
def test_a_short_gold_is_in_many_words(prediction):
    assert acc_contain(prediction, ["no"], RULES) == 1
    assert acc_token(prediction, ["no"], RULES) == 0
    assert score_answer(prediction, ["no"], PROFILES["official-hotpotqa"])["EM"] == 0


def test_a_run_of_tokens():
    assert acc_token("It was in New York, in 1999.", ["new york"], RULES) == 1
    assert acc_token("new, or old, york", ["new york"], RULES) == 0
    assert acc_token("york new", ["new york"], RULES) == 0
    assert acc_token("New Yorker", ["new york"], RULES) == 0
    assert acc_contain("New Yorker", ["new york"], RULES) == 1
    assert acc_token("the number is the answer no", ["no"], RULES) == 1


def test_a_long_prediction_collects_accuracy_and_loses_f1():
    long = score_answer("Paris, or London, or Rome, or Berlin", ["Rome"], PROFILES["exsearch"])
    assert (long["acc_contain"], long["acc_token"], long["EM"]) == (1, 1, 0)
    assert long["F1"] == pytest.approx(2 / 8)
    assert long["prediction_words"] == 7


@pytest.mark.parametrize("gold", ["A", "The The", "!!!"])
def test_every_text_holds_a_gold_of_nothing_as_the_references_have_it(gold):
    for prediction in ("", "fox", "whatever"):
        assert acc_contain(prediction, [gold], AS_RELEASED) == 1
        assert acc_contain(prediction, [gold], RULES) == float(gold == "A" and "a" in prediction)
        assert acc_token(prediction, [gold], AS_RELEASED) == acc_token(prediction, [gold], RULES) == 0


@pytest.mark.parametrize("prediction", ["By The The.", "the the"])
def test_articles_count_where_the_gold_has_nothing_else(prediction):
    assert acc_token(prediction, ["The The"], RULES) == acc_contain(prediction, ["The The"], RULES) == 1
    assert acc_token("the band the end", ["The The"], RULES) == 0


def test_punctuation_counts_where_the_gold_has_no_word():
    assert acc_token("It is !!!", ["!!!"], RULES) == acc_contain("wow!!!", ["!!!"], RULES) == 1
    assert acc_token("wow!!!", ["!!!"], RULES) == acc_token("!", ["!!!"], RULES) == 0
    assert acc_token("", [""], RULES) == acc_contain("", [""], RULES) == 0


def test_the_normaliser_decides():
    space = Rules(containment="space")
    assert acc_contain("in the US of old", ["U.S."], RULES) == 1
    assert acc_contain("in the US of old", ["U.S."], space) == 0
    assert acc_token("Jean Luc Picard", ["Jean-Luc"], space) == 1
    assert acc_token("Jean Luc Picard", ["Jean-Luc"], RULES) == 0


def test_the_strict_accuracy_normalises_nothing():
    assert acc_strict(" Rome ", ["Paris", "Rome"], RULES) == 1
    assert acc_strict("rome", ["Rome"], RULES) == acc_strict("Rome.", ["Rome"], RULES) == 0


def test_two_normalisers_in_one_profile_break_em_below_acc():
    got = score_answer("U S", ["U.S."], PROFILES["genground"])
    assert (got["EM"], got["F1"], got["acc_contain"]) == (1, 1, 0)
