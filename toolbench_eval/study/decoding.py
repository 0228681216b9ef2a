"""How answers are drawn: temperature, share of the probability, seed, and how many chains an agent gets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from toolbench_eval.agents.base import Agent, Answer, Protocols
from toolbench_eval.agents.session import Session
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import LLM, Message, Sampling
from toolbench_eval.study.asking import Asked, AskedOtherwise


@dataclass(frozen=True)
class Temperature:
    """Every call has this temperature, whatever the agent says."""

    value: float

    def __post_init__(self) -> None:
        """Refuse what is no temperature.

        Raises:
            UsageError: It is not from 0 to 2.
        """
        if not 0 <= self.value <= 2:
            raise UsageError(f"a temperature is a number from 0 to 2, found {self.value:g}")

    @property
    def setting(self) -> Mapping[str, Any]:
        """Its name and value."""
        return {"factor": "temperature", "level": self.value}

    def llm(self, llm: LLM) -> LLM:
        """The model at this temperature."""

        def warmed(messages: Sequence[Message], sampling: Sampling, attempt: int) -> Asked:
            return messages, replace(sampling, temperature=self.value)

        return AskedOtherwise(llm, warmed)


@dataclass(frozen=True)
class TopP:
    """Every call draws from this share of the probability."""

    value: float

    def __post_init__(self) -> None:
        """Refuse what is no share.

        Raises:
            UsageError: It is not above 0 and at most 1.
        """
        if not 0 < self.value <= 1:
            raise UsageError(f"top_p is a share above 0 and at most 1, found {self.value:g}")

    @property
    def setting(self) -> Mapping[str, Any]:
        """Its name and value."""
        return {"factor": "top-p", "level": self.value}

    def llm(self, llm: LLM) -> LLM:
        """The model that draws from this share."""

        def narrowed(messages: Sequence[Message], sampling: Sampling, attempt: int) -> Asked:
            return messages, replace(sampling, top_p=self.value)

        return AskedOtherwise(llm, narrowed)


@dataclass(frozen=True)
class Seed:
    """Every call has a seed made of this one, of the agent's own and of the number of the try.

    So repeats of a run ask anew, also at temperature 0, where servers may still answer differently; and calls that an
    agent keeps apart by seeds or tries stay apart.
    """

    value: int

    @property
    def setting(self) -> Mapping[str, Any]:
        """Its name and value."""
        return {"factor": "seed", "level": self.value}

    def llm(self, llm: LLM) -> LLM:
        """The model with this seed."""

        def seeded(messages: Sequence[Message], sampling: Sampling, attempt: int) -> Asked:
            return messages, replace(sampling, seed=_mixed(self.value, sampling.seed, attempt))

        return AskedOtherwise(llm, seeded)


@dataclass(frozen=True)
class BestOf:
    """The agent gets several chains, and the first that ends with an answer counts.

    `CoT@n` of ToolBench: chains know nothing of each other. All their steps are in the trajectory, and what their
    calls changed stays.
    """

    tries: int

    def __post_init__(self) -> None:
        """Refuse what is no number of chains.

        Raises:
            UsageError: It is below 1.
        """
        if self.tries < 1:
            raise UsageError(f"best-of is a number of chains from 1, found {self.tries}")

    @property
    def setting(self) -> Mapping[str, Any]:
        """Its name and number."""
        return {"factor": "best-of", "level": self.tries}

    def agent(self, agent: Agent) -> Agent:
        """The agent with several chains."""
        return cast(Agent, Chains(agent, self.tries, agent.name, agent.prompts, agent.protocols))


@dataclass(frozen=True)
class Chains:
    """An agent that solves a sample up to so many times."""

    inner: Agent
    tries: int
    name: str
    prompts: tuple[str, ...]
    protocols: Protocols

    def solve(self, sample: Sample, session: Session) -> Answer:
        """The answer of the first chain that ends with one, else that of the last chain."""
        models = session.llms
        answer = self.inner.solve(sample, session)
        for chain in range(1, self.tries):
            if answer.text and answer.stop_reason == "answered":
                break
            session.note("chain", number=chain + 1)
            session.llms = {role: Seed(chain).llm(llm) for role, llm in models.items()}
            answer = self.inner.solve(sample, session)
        return answer


def _mixed(value: int, own: int | None, attempt: int) -> int:
    """A seed that differs wherever one of the three does; 31 bits, which all servers take."""
    digest = hashlib.sha256(f"{value}/{own}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1
