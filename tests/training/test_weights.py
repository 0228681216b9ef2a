"""Weights of samples: the invariants that both papers' E-steps need."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.llms.scoring import Likelihood
from toolbench_eval.training.weights import (
    Weighting,
    as_rewards,
    effective_sample_size,
    in_scope,
    released,
    self_normalised,
    uniform,
    unnormalised,
)

SCORES = st.lists(st.floats(-200, 0), min_size=1, max_size=12).map(np.array)
TAUS = st.floats(0.05, 20)


@given(SCORES, TAUS)
def test_they_sum_to_one_and_keep_the_order(scores, tau):
    weights = self_normalised(scores, tau)
    assert weights.values.sum() == pytest.approx(1)
    assert ((weights.values >= 0) & (weights.values <= 1 + 1e-12)).all()
    order = np.argsort(scores, kind="stable")
    assert (np.diff(weights.values[order]) >= 0).all()
    assert 1 - 1e-9 <= weights.ess <= len(scores) + 1e-9
    assert not weights.flat


@given(SCORES, TAUS, st.floats(-500, 500))
def test_what_is_added_to_all_scores_changes_nothing(scores, tau, shift):
    assert self_normalised(scores + shift, tau).values == pytest.approx(self_normalised(scores, tau).values, abs=1e-9)


@given(st.integers(1, 20), st.floats(-1e4, 0))
def test_ties_are_uniform(n, score):
    weights = self_normalised(np.full(n, score))
    assert weights.values == pytest.approx(np.full(n, 1 / n))
    assert weights.ess == pytest.approx(n)


def test_the_values_of_the_paper_and_not_those_of_its_code():
    scores = -np.array([0.1, 2.0])
    assert self_normalised(scores).values == pytest.approx([0.8699, 0.1301], abs=1e-4)
    assert released(scores).values == pytest.approx([0.0476, 0.9524], abs=1e-4)


@given(st.lists(st.integers(-50, -1), min_size=2, max_size=8, unique=True).map(lambda drawn: np.array(drawn) / 10))
def test_the_default_is_not_the_inverted_rule(scores):
    likelihoods = [Likelihood(float(score), 3) for score in scores]
    default = Weighting().of(likelihoods, [0.0] * len(scores)).values
    code = Weighting("released").of(likelihoods, [0.0] * len(scores)).values
    assert default.argmax() == scores.argmax()
    assert code.argmax() == scores.argmin()


def test_one_sample_weighs_one():
    assert self_normalised(np.array([-1e4])).values.tolist() == [1.0]
    assert released(np.array([-3.0])).values.tolist() == [1.0]


def test_scores_far_below_zero_do_no_harm():
    weights = self_normalised(np.array([-1e4, -1e4 - math.log(3)]))
    assert weights.values == pytest.approx([0.75, 0.25])


def test_towards_temperature_zero_the_best_takes_all():
    assert self_normalised(np.array([-2.0, -1.9, -7.0]), 1e-4).values == pytest.approx([0, 1, 0])
    assert self_normalised(np.array([-2.0, -1.9, -7.0]), 1e6).values == pytest.approx([1 / 3] * 3, abs=1e-5)


def test_an_impossible_answer_weighs_nothing_unless_all_are_impossible():
    some = self_normalised(np.array([-math.inf, -1.0, -1.0]))
    assert (some.values.tolist(), some.flat) == ([0.0, 0.5, 0.5], False)
    none = self_normalised(np.array([-math.inf, -math.inf]))
    assert (none.values.tolist(), none.flat) == ([0.5, 0.5], True)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_score_is_refused(bad):
    for rule in (self_normalised, unnormalised, released):
        with pytest.raises(DataError):
            rule(np.array([-1.0, bad]))
    with pytest.raises(DataError):
        as_rewards(np.array([1.0, bad]))


@given(SCORES)
def test_likelihoods_are_the_self_normalised_weights_but_for_their_sum(scores):
    values = unnormalised(scores).values
    assert values == pytest.approx(np.exp(scores))
    total = values.sum()
    if total > 0:
        assert values / total == pytest.approx(self_normalised(scores).values, abs=1e-9)


def test_rewards_stay_as_they_are():
    assert as_rewards(np.array([0.0, 1.0, 0.5])).values.tolist() == [0.0, 1.0, 0.5]
    assert as_rewards(np.zeros(3)).ess == 0.0
    with pytest.raises(DataError, match="from 0 up"):
        as_rewards(np.array([-0.5]))


def test_for_one_question_the_mean_is_a_temperature():
    likelihoods = [Likelihood(-3.0, 7), Likelihood(-4.5, 7), Likelihood(-11.0, 7)]
    none = [0.0] * 3
    mean = Weighting(loglik="mean").of(likelihoods, none).values
    assert mean == pytest.approx(Weighting(tau=7.0).of(likelihoods, none).values)
    assert mean != pytest.approx(Weighting().of(likelihoods, none).values)


def test_weights_that_need_no_scores():
    assert Weighting("uniform").of([None] * 4, [0.0] * 4).values.tolist() == [0.25] * 4
    assert Weighting("reward").of([None, None], [0.0, 1.0]).values.tolist() == [0.0, 1.0]
    assert [Weighting(kind).needs_scores for kind in ("self_normalised", "likelihood", "reward", "uniform")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(DataError):
        Weighting().of([None], [1.0])


@pytest.mark.parametrize("tau", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_that_is_none(tau):
    with pytest.raises(UsageError, match="above 0"):
        Weighting(tau=tau)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-30, 0)), min_size=1, max_size=12), st.randoms())
def test_in_scope_of_a_question_the_batch_does_not_matter(rows, draw):
    questions, scores = [name for name, _ in rows], np.array([score for _, score in rows])
    values = in_scope(self_normalised, scores, questions)
    for name in set(questions):
        at = [place for place, other in enumerate(questions) if other == name]
        assert values[at].sum() == pytest.approx(1)
        assert values[at] == pytest.approx(self_normalised(scores[at]).values)
    order = list(range(len(rows)))
    draw.shuffle(order)
    assert in_scope(self_normalised, scores[order], [questions[at] for at in order]) == pytest.approx(values[order])


def test_in_scope_of_a_batch_questions_compete():
    scores = np.array([-1.0, -1.0, -9.0])
    batch = in_scope(self_normalised, scores, ["a", "a", "b"], "batch")
    assert batch == pytest.approx(self_normalised(scores).values)
    assert in_scope(self_normalised, scores, ["a", "a", "b"]) == pytest.approx([0.5, 0.5, 1.0])


def test_one_draw_of_each_question_carries_no_signal():
    scores, questions = np.array([-0.1, -50.0, -3.0]), ["a", "b", "c"]
    uniformly = in_scope(lambda some: uniform(len(some)), scores, questions)
    assert in_scope(self_normalised, scores, questions) == pytest.approx(uniformly)


@given(st.lists(st.just(0.0) | st.floats(1e-9, 1), min_size=1, max_size=10).map(np.array), st.floats(0.1, 10))
def test_effective_sample_size(values, factor):
    size = effective_sample_size(values)
    assert effective_sample_size(values * factor) == pytest.approx(size)
    if values.sum() > 0:
        assert 1 - 1e-9 <= size <= len(values) + 1e-9


def test_effective_sample_size_by_hand():
    assert effective_sample_size(np.array([0.5, 0.25, 0.25])) == pytest.approx(1 / 0.375)
    assert effective_sample_size(np.array([1.0, 0.0])) == 1.0
    assert effective_sample_size(np.array([1e-200, 1e-200])) == pytest.approx(2)
    assert effective_sample_size(np.array([])) == 0.0
