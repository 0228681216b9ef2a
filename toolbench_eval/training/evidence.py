"""How well samples explain the gold answer: the evidence, and the bound that an EM step raises.

For any q over z: log p(y | x) >= ELBO(q) = sum_z q(z) (log p(z | x) + log p(y | x, z) - log q(z)), with equality where
q is the posterior p(z | x, y).

Sources: Shi et al. 2025, EXSEARCH (arXiv 2505.20128), section 3; Shi et al. 2025, DRO (arXiv 2505.03075), lemma 1.
"""

from __future__ import annotations

import numpy as np

from toolbench_eval.training.weights import Floats


def log_sum(values: Floats) -> float:
    """Log of the sum of exp, without overflow; minus infinity for none."""
    largest = values.max(initial=-np.inf)
    return float(largest if np.isneginf(largest) else largest + np.log(np.exp(values - largest).sum()))


def normalised(logprobs: Floats) -> Floats:
    """Log-probabilities that sum to 1, e.g. of the valid selections among all texts."""
    return logprobs - log_sum(logprobs)


def format_mass(logprobs: Floats) -> float:
    """The probability of all valid forms together, at most 1 if none is the beginning of another."""
    return float(np.exp(log_sum(logprobs)))


def log_evidence(log_prior: Floats, logliks: Floats) -> float:
    """Log p(y | x), as log sum_z p(z | x) p(y | x, z).

    Args:
        log_prior: log p(z | x), shape (n,). For m samples of p(z | x) it is -log m each: then this is the log of an
            unbiased estimate of p(y | x), and on average not above log p(y | x).
        logliks: log p(y | x, z), shape (n,).
    """
    return log_sum(log_prior + logliks)


def posterior(log_prior: Floats, logliks: Floats) -> Floats:
    """p(z | x, y), shape (n,)."""
    joint = log_prior + logliks
    return np.exp(joint - log_sum(joint))


def elbo(log_prior: Floats, logliks: Floats, q: Floats) -> float:
    """The evidence lower bound.

    Args:
        log_prior: As for `log_evidence`.
        logliks: As for `log_evidence`.
        q: A distribution over the samples, shape (n,); where it is 0 the sample does not matter.
    """
    held = q > 0
    return float((q[held] * (log_prior[held] + logliks[held] - np.log(q[held]))).sum())
