"""Perturbations: named changes around an agent, its models and its task, none of which knows of them.

A perturbation implements one of the small protocols below, and says in its setting what it is. Whatever it changes,
the task stays: gold, scoring and data are those of the unperturbed run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

from toolbench_eval.agents.base import Agent
from toolbench_eval.data.questions import Sample
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.llms.base import LLM


class Perturbation(Protocol):
    """A change with a name; the same setting always changes the same."""

    @property
    def setting(self) -> Mapping[str, Any]:
        """What a result records, as JSON values: `factor`, `level`, and whatever else decides the change."""


@runtime_checkable
class ChangesSample(Protocol):
    """Words the request otherwise."""

    def sample(self, sample: Sample) -> Sample:
        """What the agent is given in the place of a sample, under the same id."""


@runtime_checkable
class ChangesWork(Protocol):
    """Changes what an agent works with: its tools, and what they answer."""

    def work(self, work: Work) -> Work:
        """The same task in other surroundings."""


@runtime_checkable
class ChangesLLM(Protocol):
    """Changes how a language model is asked."""

    def llm(self, llm: LLM) -> LLM:
        """The same model behind the change."""


@runtime_checkable
class ChangesAgent(Protocol):
    """Changes how an agent is put to work."""

    def agent(self, agent: Agent) -> Agent:
        """The same agent behind the change."""


@dataclass
class Reworded:
    """A work whose samples say otherwise; all else is the work's own."""

    work: Work
    samples: Sequence[Sample]

    def __getattr__(self, name: str) -> Any:
        """What the work has."""
        return getattr(self.work, name)


def perturbed_work(work: Work, perturbations: Sequence[Perturbation]) -> Work:
    """The work behind all changes of surroundings and samples, in the order given."""
    for one in perturbations:
        if isinstance(one, ChangesWork):
            work = one.work(work)
    changing = [one for one in perturbations if isinstance(one, ChangesSample)]
    if not changing:
        return work
    samples = list(work.samples)
    for one in changing:
        samples = [one.sample(sample) for sample in samples]
    return cast(Work, Reworded(work, samples))


def perturbed_llm(llm: LLM, perturbations: Sequence[Perturbation]) -> LLM:
    """The model behind all changes; the first is nearest to the model."""
    for one in perturbations:
        if isinstance(one, ChangesLLM):
            llm = one.llm(llm)
    return llm


def perturbed_agent(agent: Agent, perturbations: Sequence[Perturbation]) -> Agent:
    """The agent behind all changes."""
    for one in perturbations:
        if isinstance(one, ChangesAgent):
            agent = one.agent(agent)
    return agent


def recorded(perturbations: Sequence[Perturbation]) -> dict[str, Any]:
    """What the task setting of a result says of perturbations; nothing without any."""
    return {"perturbations": [dict(one.setting) for one in perturbations]} if perturbations else {}
