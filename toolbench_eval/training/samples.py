"""What an E-step draws for a question: samples of the agent's decisions, as conversations that a trainer reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, Protocol

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.questions import Question
from toolbench_eval.llms.base import Message
from toolbench_eval.training.episodes import Episode, Studio

Lesson = Literal["search", "select", "record", "answer"]
"""What a conversation teaches. `search`: EXSEARCH's whole conversation, the answer included."""


@dataclass(frozen=True)
class Conversation:
    """One conversation of a sample.

    Attributes:
        lesson: What it teaches.
        messages: The turns; the last is the assistant's.
        trained: Which of them are learned, from 0; all of these are the assistant's, so no document is ever learned.
    """

    lesson: Lesson
    messages: tuple[Message, ...]
    trained: tuple[int, ...]

    @classmethod
    def of(cls, lesson: Lesson, asked: tuple[Message, ...], said: str) -> Conversation:
        """A conversation of which the next turn alone is learned."""
        return cls(lesson, (*asked, Message("assistant", said)), (len(asked),))


@dataclass(frozen=True)
class Sampled:
    """One sample.

    Attributes:
        number: Number of the draw, from 0.
        conversations: What it teaches.
        asked: The conversation after which the gold answer is scored.
        trajectory: What the agent did; its own answer is the prediction.
        draws: Draws that came to this sample.
    """

    number: int
    conversations: tuple[Conversation, ...]
    asked: tuple[Message, ...]
    trajectory: Trajectory
    draws: int = 1


@dataclass
class Drawn:
    """The samples of one question.

    Attributes:
        samples: Those that are kept.
        left_out: How many draws were left out, by reason: `unparsable`, `incomplete`, `duplicate`, `failed`.
        errors: Why draws failed.
    """

    samples: list[Sampled] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def fail(self, why: str) -> None:
        """Note a draw that failed."""
        self.left_out["failed"] += 1
        self.errors.append(why)

    def failed(self, episode: Episode) -> bool:
        """Whether an endpoint, a limit or the agent itself ended an episode; then it is noted."""
        trajectory = episode.trajectory
        lost = trajectory.stop_reason in {"error", "budget"}
        if lost:
            self.fail(trajectory.error or trajectory.stop_reason)
        return lost


class Sampler(Protocol):
    """How one agent's decisions are drawn."""

    @property
    def scorer(self) -> str:
        """The role that scores the gold answer."""

    def draw(self, studio: Studio, question: Question, m: int) -> Drawn:
        """Draw m samples of one question.

        Raises:
            UsageError: No question can be sampled this way.
        """


def gold_of(question: Question) -> str:
    """The answer that is scored and learned: the record's own, the first of those accepted; empty where none is."""
    return question.answers[0].strip() if question.answers else ""
