"""The log-likelihood of an answer that is given, not drawn: teacher forcing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import Message

ADVICE = (
    "Models that can score: hf/<id or folder>, and openai-api/<name>/<model> where the endpoint gives prompt "
    "log-probabilities for chats (vLLM). Weights that need no scores: --weight reward, --weight uniform"
)


@dataclass(frozen=True)
class Likelihood:
    """The natural log-likelihood of an answer.

    Attributes:
        logprob: Sum over the answer's tokens; -inf where the model rules one out.
        tokens: Number of these tokens; what the template puts around them does not count, the end of the turn included.
    """

    logprob: float
    tokens: int

    @property
    def mean(self) -> float:
        """Log-probability per token."""
        return self.logprob / self.tokens


@runtime_checkable
class ScoresAnswers(Protocol):
    """A language model that tells how likely an answer is. Several threads may ask it at once."""

    def score(self, messages: Sequence[Message], answer: str) -> Likelihood:
        """Log-likelihood of an assistant's turn after a conversation.

        Args:
            messages: The conversation; its last turn is the user's.
            answer: The whole next turn.

        Raises:
            UsageError: The answer is empty, or the model cannot score.
            DataError: Which tokens are the answer's cannot be told.
            EndpointError: The endpoint did not answer within its bounds.
        """


def cannot_score(name: str) -> UsageError:
    """What to say of a model that cannot score."""
    return UsageError(f"'{name}' cannot tell how likely a given answer is. {ADVICE}")


def check_answer(answer: str) -> None:
    """Refuse an answer without tokens.

    Raises:
        UsageError: It is empty.
    """
    if not answer.strip():
        raise UsageError("an empty answer has no likelihood")
