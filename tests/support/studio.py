"""A studio for samplers: a model that draws its lines by the seed it is given, and one question with its passages."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from support.stage import ADA, BYRON, LONDON
from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.session import Limits
from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Question, Sample
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.evaluation.solving.solve import Solver
from toolbench_eval.evaluation.solving.work import Surroundings
from toolbench_eval.llms.base import GREEDY, LLM, Message, Reply, Sampling, Usage
from toolbench_eval.llms.scoring import Likelihood
from toolbench_eval.training.episodes import Studio

QUESTION = Question("q1", "Where was Ada Lovelace's father born?", ("London", "London, England"))
PASSAGES = (ADA, BYRON, LONDON)


@dataclass
class Dice:
    """Says one of some lines, by the seed alone; `asked` keeps the conversations, `seeds` their seeds."""

    lines: Callable[[Sequence[Message]], Sequence[str]]
    name: str = "dice"
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)

    @property
    def identity(self) -> dict[str, Any]:
        return {"name": self.name}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        self.asked.append(tuple(messages))
        self.seeds.append(sampling.seed)
        text = random.Random(sampling.seed).choice(list(self.lines(messages)))
        return Reply(text, Usage(1, 1))


@dataclass
class Desk:
    """A task that searches three passages; the reward is whether the answer is London."""

    found: Sequence[Passage] = PASSAGES

    def at_work(self) -> Any:
        return nullcontext()

    def surroundings(self, sample: Sample) -> Surroundings:
        return Surroundings(lambda query, k: self.found[:k])

    def score(self, trajectory: Trajectory) -> dict[str, float]:
        return {"EM": float(trajectory.prediction == "London")}


@dataclass
class ByLength:
    """Finds an answer the less likely the longer the conversation; keeps what it was asked."""

    asked: list[tuple[tuple[Message, ...], str]] = field(default_factory=list)

    def score(self, messages: Sequence[Message], answer: str) -> Likelihood:
        self.asked.append((tuple(messages), answer))
        return Likelihood(-sum(len(message.text) for message in messages) / 1000, len(answer))


def studio(agent: Agent, llms: Mapping[str, LLM], *, seed: int = 0, found: Sequence[Passage] = PASSAGES) -> Studio:
    solver = Solver(agent, llms, {}, Limits(), RunAllowance(), seed, 1)
    return Studio(solver, Desk(found), "tiny/task")  # type: ignore[arg-type]
