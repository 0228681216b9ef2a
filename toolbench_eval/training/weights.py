"""How much each sample of a question counts: the E-step of EXSEARCH and DRO, on numbers alone.

With z ~ p(z | x) the importance weight is w(z) = p(z | x, y) / p(z | x), which is proportional to p(y | x, z), the
likelihood of the gold answer.

Sources: Shi et al. 2025, EXSEARCH (arXiv 2505.20128), section 3 and appendix C; Shi et al. 2025, DRO (arXiv
2505.03075), equation 19.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.llms.scoring import Likelihood

Floats = npt.NDArray[np.float64]
Kind = Literal["self_normalised", "likelihood", "reward", "uniform", "released"]
"""`self_normalised`: softmax of the scores. `likelihood`: exp of the scores, as in EXSEARCH's algorithm. `reward`: what
the model's own answer scores (its appendix C.3). `uniform`: plain self-training. `released`: as in EXSEARCH's code,
faults included."""
Scope = Literal["question", "batch"]
"""What weights are normalised over: the samples of one question, or whatever shares a batch."""


@dataclass(frozen=True)
class Weights:
    """The weights of some samples.

    Attributes:
        values: Weights, not below 0, shape (n,).
        flat: Whether the scores told nothing, so that all samples count alike.
    """

    values: Floats
    flat: bool = False

    @property
    def ess(self) -> float:
        """Effective sample size."""
        return effective_sample_size(self.values)


Rule = Callable[[Floats], Weights]
"""From the scores of samples that are normalised together to their weights."""


@dataclass(frozen=True)
class Weighting:
    """A choice of weights.

    Attributes:
        kind: See `Kind`.
        tau: Temperature of the scores; towards 0 the best sample takes all.
        loglik: Whether the score is the answer's log-likelihood or that per token, as in DRO's code. For one question
            the second is the first at a temperature of as many times `tau` as the answer has tokens.
    """

    kind: Kind = "self_normalised"
    tau: float = 1.0
    loglik: Literal["sum", "mean"] = "sum"

    def __post_init__(self) -> None:
        """Refuse a temperature that is none.

        Raises:
            UsageError: It is not above 0.
        """
        if not 0 < self.tau < float("inf"):
            raise UsageError(f"the temperature of the weights (tau) must be above 0, found {self.tau:g}")

    @property
    def needs_scores(self) -> bool:
        """Whether the likelihood of the gold answer is needed."""
        return self.kind not in {"reward", "uniform"}

    def score(self, likelihood: Likelihood) -> float:
        """The score of a sample."""
        return likelihood.logprob if self.loglik == "sum" else likelihood.mean

    def of(self, likelihoods: Sequence[Likelihood | None], rewards: Sequence[float]) -> Weights:
        """The weights of the samples of one question.

        Args:
            likelihoods: Of the gold answer after each sample; None where the kind of weights needs none.
            rewards: What the model's own answer scored in each.

        Raises:
            DataError: A number is missing or is none.
        """
        if self.kind == "uniform":
            return uniform(len(rewards))
        if self.kind == "reward":
            return as_rewards(np.array(rewards, dtype=np.float64))
        scores = np.array([np.nan if one is None else self.score(one) for one in likelihoods], dtype=np.float64)
        if self.kind == "released":
            return released(scores)
        return (self_normalised if self.kind == "self_normalised" else unnormalised)(scores, self.tau)


def self_normalised(scores: Floats, tau: float = 1.0) -> Weights:
    """softmax(s / tau): they sum to 1, whatever is added to all scores.

    A score of minus infinity weighs nothing; where no sample has any other, all weigh the same and `flat` says so.

    Raises:
        DataError: A score is not a number, or plus infinity.
    """
    if len(_checked(scores)) == 0 or np.isneginf(scores).all():
        return uniform(len(scores), flat=True)
    raised = np.exp((scores - scores.max()) / tau)
    return Weights(raised / raised.sum())


def unnormalised(scores: Floats, tau: float = 1.0) -> Weights:
    """exp(s / tau): p(y | x, z) itself, at tau 1 and with the sum as score. They do not sum to 1.

    Raises:
        DataError: A score is not a number, or plus infinity.
    """
    return Weights(np.exp(_checked(scores) / tau))


def as_rewards(values: Floats) -> Weights:
    """Rewards as weights, as they are.

    Raises:
        DataError: One is below 0 or no number.
    """
    if not (np.isfinite(values) & (values >= 0)).all():
        raise DataError(f"rewards are numbers from 0 up, found {values.tolist()}")
    return Weights(values.copy())


def uniform(n: int, *, flat: bool = False) -> Weights:
    """1 / n each."""
    return Weights(np.full(n, 1.0 / max(n, 1)), flat)


def released(scores: Floats) -> Weights:
    """NLL / sum of NLL: the less likely the gold answer, the larger the weight. For ablations alone.

    EXSEARCH's code (457513a) computes this over a micro-batch of unrelated samples (scope `batch`), from the mean over
    all assistant tokens of a conversation.

    Raises:
        DataError: A score is not a number, or infinite.
    """
    if not np.isfinite(scores).all():
        raise DataError(f"the released rule needs finite scores, found {scores.tolist()}")
    total = scores.sum()
    return Weights(scores / total) if total else uniform(len(scores), flat=True)


def in_scope(rule: Rule, scores: Floats, questions: Sequence[str], scope: Scope = "question") -> Floats:
    """The weights of samples of several questions, shape (n,).

    Args:
        rule: Makes the weights of one group.
        scores: Scores of all samples, shape (n,).
        questions: The question of each.
        scope: What makes a group; in scope `question` the company of other questions changes nothing.

    Raises:
        DataError: The rule refuses a score.
    """
    if scope == "batch":
        return rule(scores).values
    values, of = np.zeros(len(scores)), np.array(questions)
    for question in dict.fromkeys(questions):
        rows = of == question
        values[rows] = rule(scores[rows]).values
    return values


def effective_sample_size(weights: Floats) -> float:
    """(sum w)^2 / sum w^2: from 1, one sample has it all, to n, all count alike; 0 where every weight is 0.

    Source: Kong 1992, *A note on importance sampling using standardized weights*; for weights that sum to 1 it is
    1 / sum w^2.
    """
    largest = weights.max(initial=0.0)
    if largest == 0:
        return 0.0
    scaled = weights / largest  # squares of tiny weights would be 0
    return float(scaled.sum() ** 2 / (scaled**2).sum())


def _checked(scores: Floats) -> Floats:
    if np.isnan(scores).any() or np.isposinf(scores).any():
        raise DataError(f"scores are log-likelihoods, found {scores.tolist()}")
    return scores
