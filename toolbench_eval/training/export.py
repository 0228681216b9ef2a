"""A question's samples as lines that trainers read, with what was left out beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolbench_eval.data.questions import Question
from toolbench_eval.errors import EndpointError, StorageError, UsageError
from toolbench_eval.evaluation.solving.solve import refuses_this_request
from toolbench_eval.llms.scoring import Likelihood, ScoresAnswers
from toolbench_eval.training.episodes import Studio
from toolbench_eval.training.evidence import elbo, log_evidence
from toolbench_eval.training.samples import Drawn, Sampled, gold_of
from toolbench_eval.training.weights import Floats, Weighting, Weights

Line = dict[str, Any]


@dataclass(frozen=True)
class Exporter:
    """Scores, weighs and writes down samples.

    Attributes:
        scorer: Scores the gold answer, None where the weights need no scores.
        weighting: The choice of weights.
        reward: Measure of the model's own answer.
        meta: What every line says of its origin.
    """

    scorer: ScoresAnswers | None
    weighting: Weighting
    reward: str
    meta: Mapping[str, Any]

    def export(self, studio: Studio, question: Question, drawn: Drawn) -> tuple[Line, list[Line]]:
        """What came of a question, and its lines; weights are made last, of what is left.

        Raises:
            UsageError: The model cannot score.
            DataError: A score is not a number.
            StorageError: The disk failed.
        """
        scored = [
            (one, likelihood) for one in drawn.samples for likelihood in self._scored(studio, question, one, drawn)
        ]
        samples, likelihoods = [one for one, _ in scored], [likelihood for _, likelihood in scored]
        rewards = [studio.work.score(one.trajectory)[self.reward] for one in samples]
        weights = self.weighting.of(likelihoods, rewards)
        lines = [
            {
                "messages": [{"role": turn.role, "content": turn.text} for turn in conversation.messages],
                "trainable": list(conversation.trained),
                "weight": weight,
                "kind": conversation.lesson,
                "task": studio.name,
                "question_id": question.id,
                "sample": one.number,
                "draws": one.draws,
                "loglik": None if likelihood is None else _finite(likelihood.logprob),
                "loglik_tokens": None if likelihood is None else likelihood.tokens,
                "reward": reward,
                "prediction": one.trajectory.prediction,
                "ess": weights.ess,
                "flat": weights.flat,
                "meta": self.meta,
            }
            for one, likelihood, reward, weight in zip(
                samples, likelihoods, rewards, weights.values.tolist(), strict=True
            )
            for conversation in one.conversations
        ]
        counts = {"kept": len(samples), "left_out": dict(sorted(drawn.left_out.items())), "errors": drawn.errors}
        return {**counts, **_told(samples, likelihoods, weights)}, lines

    def _scored(self, studio: Studio, question: Question, sample: Sampled, drawn: Drawn) -> Sequence[Likelihood | None]:
        """The one likelihood of a sample; none where scoring failed, and a note why."""
        if self.scorer is None:
            return [None]
        allowance = studio.solver.allowance
        try:
            allowance.check()
            return [self.scorer.score(sample.asked, gold_of(question))]
        except (UsageError, StorageError):
            raise
        except EndpointError as error:
            if not refuses_this_request(error):
                allowance.endpoint_failed(error)
            drawn.fail(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of one sample must not end the others
            drawn.fail(f"scoring: {type(error).__name__}: {error}")
        return []


def _told(samples: Sequence[Sampled], likelihoods: Sequence[Likelihood | None], weights: Weights) -> Line:
    """What the samples of a question tell of its answer; None where there are no likelihoods."""
    logprobs = np.array([one.logprob for one in likelihoods if one is not None], dtype=np.float64)
    told: Line = {"ess": weights.ess, "flat": weights.flat, "elbo": None, "log_evidence": None}
    if len(samples) == 0 or len(logprobs) < len(samples):
        return told
    draws = np.array([one.draws for one in samples], dtype=np.float64)
    log_prior: Floats = np.log(draws / draws.sum())
    told["log_evidence"] = _finite(log_evidence(log_prior, logprobs))
    if weights.values.sum() > 0:
        told["elbo"] = _finite(elbo(log_prior, logprobs, weights.values / weights.values.sum()))
    return told


def _finite(value: float) -> float | None:
    """The number as JSON has it: None for infinity."""
    return value if math.isfinite(value) else None
