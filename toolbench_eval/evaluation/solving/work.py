"""What the pipeline of agents needs to know of a task, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from toolbench_eval.agents.session import Search, Tools
from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.questions import Sample
from toolbench_eval.data.tasks import Origin
from toolbench_eval.suites import TaskRow


@dataclass(frozen=True)
class Surroundings:
    """What an agent works with for one sample, beside its language models."""

    search: Search | None = None
    tools: Tools | None = None


class Work(Protocol):
    """The samples of one task, and how what agents make of them is scored."""

    @property
    def row(self) -> TaskRow:
        """The task's row in its suite's table."""

    @property
    def origin(self) -> Origin:
        """Where the samples came from."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mended while loading."""

    @property
    def samples(self) -> Sequence[Sample]:
        """What is to be solved."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of samples and gold: one record holds both."""

    @property
    def corpus_fingerprint(self) -> str:
        """SHA-256 of what agents search or call."""

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures of each sample, in the order in which results show them."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Measures that were asked for and that some sample has no gold for."""

    @property
    def qrels(self) -> Qrels | None:
        """Judgments of what should be retrieved, None where the task has none for some sample."""

    def at_work(self) -> AbstractContextManager[None]:
        """Opens what samples share (an index, a server) and closes it."""

    def surroundings(self, sample: Sample) -> Surroundings:
        """What an agent works with for a sample; in a block of `at_work`."""

    def score(self, trajectory: Trajectory) -> dict[str, float]:
        """The value of every measure for one sample."""

    def gold(self, sample: str) -> Mapping[str, Any]:
        """What the scorer knows of a sample, as JSON values: so that a trajectory can be scored again."""

    def target(self, sample: str) -> str:
        """What a person who reads the log would want to see beside the answer."""

    def retrieved(self, trajectory: Trajectory) -> Sequence[str]:
        """Ids of what the agent retrieved, best first: the ranking that retrieval is scored by."""

    def evidence(self, trajectory: Trajectory) -> Mapping[str, Any]:
        """What else scoring needs and the trajectory does not hold, as JSON values."""

    @property
    def profile(self) -> str:
        """Name of the rules that the task is scored by."""
