"""EM on tables that can be enumerated: what the theory of both papers claims, checked exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.training.evidence import elbo, format_mass, log_evidence, log_sum, normalised, posterior
from toolbench_eval.training.weights import self_normalised, uniform

LOGITS = st.lists(st.floats(-8, 8), min_size=2, max_size=6)


def log_softmax(logits):
    return (
        logits
        - np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True))
        - logits.max(-1, keepdims=True)
    )


class Toy:
    """Six trajectories and four answers: logits of p(z), and of p(y | z) for each z."""

    def __init__(self, seed=0):
        draw = np.random.default_rng(seed)
        self.prior, self.answer = draw.normal(size=6), draw.normal(size=(6, 4))

    def tables(self, y):
        return log_softmax(self.prior), log_softmax(self.answer)[:, y]

    def evidence(self, y):
        return log_evidence(*self.tables(y))

    def weighted_gradient(self, weights, y):
        """sum_z weight(z) grad [log p(z) + log p(y | z)], by the derivative of log softmax."""
        prior = weights - weights.sum() * np.exp(log_softmax(self.prior))
        answer = weights[:, None] * (np.eye(4)[y] - np.exp(log_softmax(self.answer)))
        return prior, answer

    def step(self, gradient, size):
        self.prior = self.prior + size * gradient[0]
        self.answer = self.answer + size * gradient[1]


@given(LOGITS, st.data())
def test_the_bound_holds_and_is_met_at_the_posterior(logits, data):
    n = len(logits)
    log_prior = log_softmax(np.array(logits))
    logliks = np.array(data.draw(st.lists(st.floats(-60, 0), min_size=n, max_size=n)))
    q = self_normalised(np.array(data.draw(st.lists(st.floats(-20, 0), min_size=n, max_size=n)))).values
    evidence = log_evidence(log_prior, logliks)
    assert elbo(log_prior, logliks, q) <= evidence + 1e-9
    assert elbo(log_prior, logliks, posterior(log_prior, logliks)) == pytest.approx(evidence, abs=1e-7)


@given(LOGITS, st.data())
def test_exact_importance_ratios_have_mean_one(logits, data):
    log_prior = log_softmax(np.array(logits))
    logliks = np.array(data.draw(st.lists(st.floats(-40, 0), min_size=len(logits), max_size=len(logits))))
    ratios = np.exp(logliks - log_evidence(log_prior, logliks))
    assert (np.exp(log_prior) * ratios).sum() == pytest.approx(1)
    assert np.exp(log_prior) * ratios == pytest.approx(posterior(log_prior, logliks), abs=1e-12)


def test_of_equal_draws_the_self_normalised_weights_are_the_posterior():
    logliks = np.array([-3.0, -1.0, -7.5])
    log_prior = np.full(3, -np.log(3))
    assert posterior(log_prior, logliks) == pytest.approx(self_normalised(logliks).values)
    assert elbo(log_prior, logliks, self_normalised(logliks).values) == pytest.approx(log_evidence(log_prior, logliks))
    assert elbo(log_prior, logliks, uniform(3).values) == pytest.approx(logliks.mean())


def test_fisher_identity():
    toy, y, small = Toy(), 2, 1e-6
    gradient = toy.weighted_gradient(posterior(*toy.tables(y)), y)
    for values, found in zip((toy.prior, toy.answer), gradient, strict=True):
        for at in np.ndindex(values.shape):
            before = values[at]
            values[at] = before + small
            up = toy.evidence(y)
            values[at] = before - small
            down = toy.evidence(y)
            values[at] = before
            assert found[at] == pytest.approx((up - down) / (2 * small), abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_an_exact_e_step_and_a_small_full_batch_m_step_never_lower_the_likelihood(seed):
    toy, y = Toy(seed), 1
    values = [toy.evidence(y)]
    for _ in range(20):
        weights = posterior(*toy.tables(y))  # computed once, with the parameters of this iteration
        for _ in range(3):
            toy.step(toy.weighted_gradient(weights, y), 0.2)
        values.append(toy.evidence(y))
    assert (np.diff(values) > 0).all()
    assert values[-1] <= 0


@pytest.mark.parametrize("seed", range(5))
def test_the_closed_form_m_step_over_several_questions(seed):
    """EM of a mixture: p(z) and p(y | z) are shared by all questions; half a step towards the best of the M-step."""
    draw = np.random.default_rng(seed)
    prior, answer, gold = draw.dirichlet(np.ones(6)), draw.dirichlet(np.ones(4), size=6), draw.integers(4, size=9)

    def likelihood():
        return sum(log_evidence(np.log(prior), np.log(answer[:, y])) for y in gold)

    values = [likelihood()]
    for _ in range(20):
        held = np.array([posterior(np.log(prior), np.log(answer[:, y])) for y in gold])
        best = np.array([[held[gold == y, z].sum() for y in range(4)] for z in range(6)]) / held.sum(0)[:, None]
        prior, answer = (prior + held.mean(0)) / 2, (answer + best) / 2
        values.append(likelihood())
    assert (np.diff(values) >= -1e-10).all()
    assert values[-1] > values[0]


def test_sampled_gradients_come_near_the_exact_one_as_draws_grow():
    toy, y = Toy(), 2
    log_prior, logliks = toy.tables(y)
    exact = np.concatenate([part.ravel() for part in toy.weighted_gradient(posterior(log_prior, logliks), y)])
    draw = np.random.default_rng(0)

    def mean_gradient(m, times):
        total = np.zeros_like(exact)
        for _ in range(times):
            drawn = draw.choice(6, size=m, p=np.exp(log_prior))
            weights = np.bincount(drawn, weights=self_normalised(logliks[drawn]).values, minlength=6)
            total += np.concatenate([part.ravel() for part in toy.weighted_gradient(weights, y)])
        return total / times

    far = [np.abs(mean_gradient(m, 2000) - exact).max() for m in (1, 4, 64)]
    assert far[0] > far[1] > far[2]
    assert far[2] < 0.03
    # With one draw the gold answer decides nothing: this is the gradient of uniform self-training.
    uniformly = np.concatenate([part.ravel() for part in toy.weighted_gradient(np.exp(log_prior), y)])
    assert mean_gradient(1, 20000) == pytest.approx(uniformly, abs=0.02)


def test_gradients_follow_the_weights():
    toy, weights = Toy(), np.array([0.2, 0.0, 0.5, 0.1, 0.1, 0.1])
    prior, answer = toy.weighted_gradient(weights, 0)
    twice_prior, twice_answer = toy.weighted_gradient(2 * weights, 0)
    assert (answer[1] == 0).all()
    assert twice_prior == pytest.approx(2 * prior)
    assert twice_answer == pytest.approx(2 * answer)


def test_sums_of_probabilities():
    assert log_sum(np.array([-1000.0, -1000.0])) == pytest.approx(-1000 + np.log(2))
    assert log_sum(np.array([])) == -np.inf
    assert log_sum(np.array([-np.inf, -np.inf])) == -np.inf
    assert np.exp(normalised(np.array([-5.0, -6.0]))).sum() == pytest.approx(1)
    assert format_mass(np.log(np.array([0.25, 0.125]))) == pytest.approx(0.375)
