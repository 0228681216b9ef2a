"""One run of an agent on one question, each of its calls drawn anew and kept word for word.

A trajectory holds digests of prompts; what a model is trained on is the prompts themselves.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolbench_eval.agents.trajectory import LLMCall, Trajectory
from toolbench_eval.data.questions import Sample
from toolbench_eval.evaluation.solving.questions import QuestionWork
from toolbench_eval.evaluation.solving.solve import Solver
from toolbench_eval.llms.base import GREEDY, LLM, Message, Reply, Sampling


@dataclass(frozen=True)
class Call:
    """One answered call.

    Attributes:
        action: What the model was asked to do, in the agent's words.
        messages: The conversation.
    """

    action: str
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Episode:
    """What one run did, and each of its calls."""

    trajectory: Trajectory
    calls: tuple[Call, ...]

    def made(self, action: str) -> list[Call]:
        """The calls of one action, in order."""
        return [call for call in self.calls if call.action == action]


class Stopped(BaseException):
    """The whole sampling was stopped: not an error, and no agent must take it for one."""


@dataclass(frozen=True)
class Studio:
    """Where an agent's episodes of one task are recorded.

    Attributes:
        solver: The agent with everything it works with.
        work: The task; open while episodes are recorded (`at_work`).
        name: The task's name, a part of every seed.
        stopped: Set from another thread to end all episodes at their next call.
    """

    solver: Solver
    work: QuestionWork
    name: str
    stopped: threading.Event = field(default_factory=threading.Event)

    def episode(self, sample: Sample, number: int, instead: Mapping[str, LLM] | None = None) -> Episode:
        """Run the agent once.

        Args:
            sample: The question.
            number: Number of the draw: another one draws every reply anew.
            instead: Who plays a role instead of its model.

        Raises:
            UsageError: No sample can be solved this way.
            Stopped: The sampling was stopped.
        """
        tape: list[tuple[Message, ...]] = []
        key = f"{self.solver.seed}/{self.name}/{sample.id}/{number}"
        cast = {**self.solver.llms, **(instead or {})}
        voices = {role: Voice(llm, key, tape, self.stopped) for role, llm in cast.items()}
        session = self.solver.session(self.work.surroundings(sample), voices)
        trajectory = self.solver.solve(sample, session)
        actions = [step.action for step in trajectory.steps if isinstance(step, LLMCall)]
        calls = (Call(action, messages) for action, messages in zip(actions, tape, strict=True))
        return Episode(trajectory, tuple(calls))


@dataclass
class Voice:
    """A model that speaks in one episode: every call has a seed of its own, and is taped.

    The seed is part of the key of the response cache. So no draw is given out for another one, not even for one with
    the same prompt later in the same episode, and the same draw is the same again in a run that continues.

    Attributes:
        llm: Who answers.
        key: What tells this episode from all others.
        tape: The conversations of the episode's calls, those of other voices among them.
        stopped: Whether nobody waits any longer.
    """

    llm: LLM
    key: str
    tape: list[tuple[Message, ...]]
    stopped: threading.Event

    @property
    def name(self) -> str:
        """The model's name."""
        return self.llm.name

    @property
    def identity(self) -> dict[str, Any]:
        """The model's identity."""
        return self.llm.identity

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        """Answer under this call's own seed.

        Raises:
            EndpointError: The model did not answer.
            Stopped: Nobody waits any longer.
        """
        if self.stopped.is_set():
            raise Stopped
        drawn = replace(sampling, seed=seed_of(self.key, len(self.tape))) if sampling.temperature > 0 else sampling
        reply = self.llm.complete(messages, drawn, attempt)
        self.tape.append(tuple(messages))
        return reply


def seed_of(key: str, number: int) -> int:
    """A seed below 2^31, as every endpoint takes it."""
    return int.from_bytes(hashlib.sha256(f"{key}/{number}".encode()).digest()[:4]) >> 1
