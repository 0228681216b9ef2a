"""MuSiQue's support and its groups of twins, by hand."""

from __future__ import annotations

import pytest

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.answers.musique import Gold, Guess, evaluate, paragraph_numbers, score_musique, score_twins
from toolbench_eval.metrics.answers.scores import PERFECT, Scores

ANN = Gold("2hop__1_2", ("red fox", "fox"), frozenset({3, 7}))
ANN_TWIN = Gold("2hop__1_2", ("red fox", "fox"), frozenset({3}), answerable=False)
BOB = Gold("2hop__3_4", ("blue whale",), frozenset({1, 2}))
BOB_TWIN = Gold("2hop__3_4", ("blue whale",), frozenset(), answerable=False)


def test_support():
    assert paragraph_numbers({3, 5}, {3, 7}) == Scores(0, 0.5, 0.5, 0.5)
    assert paragraph_numbers(set(), set()) == PERFECT
    assert paragraph_numbers(set(), {1}).f1 == 0


def test_one_item():
    got = score_musique(ANN, Guess("the red fox jumps", frozenset({3}), True))
    assert (got["EM"], got["F1"]) == (0, pytest.approx(0.8))
    assert (got["sp_EM"], got["sp_F1"]) == (0, pytest.approx(2 / 3))
    assert set(score_musique(ANN, None).values()) == {0}


RIGHT = Guess("fox", frozenset({3, 7}), answerable=True)
CHANGED = Guess("nonsense", frozenset({9}), answerable=False)


def test_both_twins_right_give_the_score_of_the_answerable_one():
    for pairs in ([(ANN, RIGHT), (ANN_TWIN, CHANGED)], [(ANN_TWIN, CHANGED), (ANN, RIGHT)]):
        assert set(score_twins(pairs).values()) == {1}
    half = score_twins([(ANN, Guess("fox jumps", frozenset({3}), True)), (ANN_TWIN, CHANGED)])
    assert half["group_answer_F1"] == pytest.approx(2 / 3)
    assert half["group_support_F1"] == pytest.approx(2 / 3)
    assert (half["group_answer_EM"], half["group_support_EM"], half["group_answerable"]) == (0, 0, 1)


@pytest.mark.parametrize(
    "guesses",
    [
        (RIGHT, Guess("fox", frozenset(), answerable=True)),
        (Guess("fox", frozenset({3, 7}), answerable=False), CHANGED),
        (Guess("fox", frozenset({3, 7})), CHANGED),
        (RIGHT, None),
    ],
)
def test_one_wrong_answerability_is_enough_for_0(guesses):
    assert set(score_twins(list(zip((ANN, ANN_TWIN), guesses, strict=True))).values()) == {0}


@pytest.mark.parametrize("golds", [(ANN,), (ANN, ANN), (ANN_TWIN, ANN_TWIN), (ANN, ANN_TWIN, ANN)])
def test_a_group_is_two_twins(golds):
    with pytest.raises(DataError, match="question 2hop__1_2 needs one answerable and one unanswerable item, has: "):
        score_twins([(gold, RIGHT) for gold in golds])


def test_the_answerable_version():
    got = evaluate([(ANN, Guess("fox", frozenset({3}))), (BOB, None), (Gold("3", ("x",), frozenset({1})), Guess("y"))])
    # F1 1, 0, 0 and support F1 2/3, 0, 0, rounded as the evaluator rounds
    assert got == {"EM": 0.333, "F1": 0.333, "sp_EM": 0, "sp_F1": 0.222}


def test_the_full_version():
    got = evaluate(
        [(ANN, RIGHT), (BOB_TWIN, RIGHT), (BOB, Guess("whale", frozenset({1, 2}), True)), (ANN_TWIN, CHANGED)]
    )
    assert got == {
        "EM": 0.5,
        "F1": 0.833,
        "sp_EM": 1,
        "sp_F1": 1,
        "group_answer_EM": 0.5,
        "group_answer_F1": 0.5,
        "group_support_EM": 0.5,
        "group_support_F1": 0.5,
        "group_answerable": 0.5,
    }
    with pytest.raises(DataError, match="no answerable item"):
        evaluate([(ANN_TWIN, None)])
