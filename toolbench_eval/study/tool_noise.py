"""Noise in what tools say: in their descriptions, and in their answers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolbench_eval.environments.base import (
    Arguments,
    Environment,
    Json,
    ToolResult,
    ToolSpec,
    answer,
    canonical,
    cut,
    failure,
)
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.study.arranged import noisy
from toolbench_eval.study.misspelling import misspelt

DESCRIPTIONS, OBSERVATIONS = "description-noise", "observation-noise"
SHOWN_WORDS, SHOWN_CHARACTERS, TYPO_RATE, ERROR_RATE = 4.0, 80.0, 0.3, 0.1
DESCRIPTION_NOISES: Mapping[str, float] = {"truncated": SHOWN_WORDS, "shuffled": 1.0, "typos": TYPO_RATE, "empty": 0.0}
"""Kinds and their usual amounts: words that are left, share of words that change places, share that is misspelt."""
OBSERVATION_NOISES: Mapping[str, float] = {"truncated": SHOWN_CHARACTERS, "extra-fields": 5.0, "errors": ERROR_RATE}
"""Kinds and their usual amounts: characters that are left, fields that are added, share of calls that fail."""

UNAVAILABLE = "the service is temporarily unavailable; try again later"


@dataclass(frozen=True)
class DescriptionNoise:
    """The descriptions of tools and of their arguments are spoiled; names, types and schemas stay.

    Attributes:
        kind: One of `DESCRIPTION_NOISES`.
        amount: How much, see there.
        seed: Which words.
    """

    kind: str
    amount: float
    seed: int = 0

    @property
    def setting(self) -> Mapping[str, Any]:
        """Kind, amount and seed."""
        return {"factor": DESCRIPTIONS, "level": self.kind, "amount": self.amount, "seed": self.seed}

    def work(self, work: Work) -> Work:
        """The task with spoiled descriptions.

        Raises:
            UsageError: It has no tools.
        """
        return noisy(work, DESCRIPTIONS, self)

    def environment(self, environment: Environment, problem: str) -> Environment:
        """The environment with spoiled descriptions; a tool's are the same for all problems."""
        return Redescribed(environment, self._spoil)

    def _spoil(self, tool: ToolSpec) -> ToolSpec:
        draw = random.Random(f"{self.seed}/{DESCRIPTIONS}/{self.kind}/{tool.name}")  # noqa: S311 - drawn to be drawn again
        arguments = {
            name: {**schema, "description": self._text(str(schema["description"]), draw)}
            if isinstance(schema, Mapping) and "description" in schema
            else schema
            for name, schema in tool.properties.items()
        }
        parameters = {**tool.parameters, "properties": arguments} if arguments else tool.parameters
        return replace(tool, description=self._text(tool.description, draw), parameters=parameters)

    def _text(self, text: str, draw: random.Random) -> str:
        words = text.split()
        match self.kind:
            case "truncated":
                return " ".join(words[: int(self.amount)])
            case "shuffled":
                places = draw.sample(range(len(words)), round(self.amount * len(words)))
                moved = draw.sample(places, len(places))
                return " ".join(words[dict(zip(places, moved, strict=True)).get(at, at)] for at in range(len(words)))
            case "typos":
                return misspelt(text, draw, self.amount)
        return ""


@dataclass(frozen=True)
class Redescribed:
    """An environment whose tools are described otherwise."""

    inner: Environment
    change: Callable[[ToolSpec], ToolSpec]

    def tools(self) -> Sequence[ToolSpec]:
        """The tools with other descriptions."""
        return tuple(self.change(tool) for tool in self.inner.tools())

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool of the environment."""
        return self.inner.call(name, arguments)

    def reset(self) -> None:
        """Reset the environment."""
        self.inner.reset()

    def snapshot(self) -> Json:
        """The state of the environment."""
        return self.inner.snapshot()


@dataclass(frozen=True)
class ObservationNoise:
    """What tools answer is spoiled; answers that are errors stay as they are.

    Attributes:
        kind: One of `OBSERVATION_NOISES`.
        amount: How much, see there.
        seed: Which calls fail, which fields are added.
    """

    kind: str
    amount: float
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no rate.

        Raises:
            UsageError: The rate of errors is not from 0 to 1.
        """
        if self.kind == "errors" and self.amount > 1:
            raise UsageError(f"the rate of errors is a number from 0 to 1, found {self.amount:g}")

    @property
    def setting(self) -> Mapping[str, Any]:
        """Kind, amount and seed."""
        return {"factor": OBSERVATIONS, "level": self.kind, "amount": self.amount, "seed": self.seed}

    def work(self, work: Work) -> Work:
        """The task with spoiled answers.

        Raises:
            UsageError: It has no tools.
        """
        return noisy(work, OBSERVATIONS, self)

    def environment(self, environment: Environment, problem: str) -> Environment:
        """The environment with spoiled answers."""
        return Disturbed(environment, self, problem)


class Disturbed:
    """An environment whose answers are spoiled.

    Which calls fail depends on the problem, the call, and how often it was made before: a call that failed may succeed
    when it is made again, and a run whose calls are made again meets the same failures.
    """

    def __init__(self, inner: Environment, noise: ObservationNoise, problem: str) -> None:
        """Put noise before an environment."""
        self._inner, self._noise, self._problem = inner, noise, problem
        self._made: Counter[str] = Counter()

    def tools(self) -> Sequence[ToolSpec]:
        """The tools of the environment."""
        return self._inner.tools()

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool, or fail in its place, before anything has changed."""
        noise = self._noise
        call = f"{name}{arguments if isinstance(arguments, str) else canonical(arguments)}"
        number, self._made[call] = self._made[call], self._made[call] + 1
        draw = random.Random(f"{noise.seed}/{OBSERVATIONS}/{self._problem}/{call}/{number}")  # noqa: S311 - drawn to be drawn again
        if noise.kind == "errors" and draw.random() < noise.amount:
            return failure("unavailable", UNAVAILABLE, "simulated")
        result = self._inner.call(name, arguments)
        return result if result.failed or noise.kind == "errors" else _spoilt(result, noise, draw)

    def reset(self) -> None:
        """Reset the environment."""
        self._inner.reset()
        self._made.clear()

    def snapshot(self) -> Json:
        """The state of the environment."""
        return self._inner.snapshot()


def _spoilt(result: ToolResult, noise: ObservationNoise, draw: random.Random) -> ToolResult:
    if noise.kind == "truncated":
        bound = int(noise.amount)
        if len(result.text) <= bound:
            return result
        text = cut(result.text, bound)
        return replace(result, status="cut", error="too_large", value=text, text=text)
    fields = {f"meta_{at}": f"{draw.getrandbits(32):08x}" for at in range(1, int(noise.amount) + 1)}
    value = {**fields, **result.value} if isinstance(result.value, dict) else {**fields, "result": result.value}
    return replace(answer(value, result.source), status=result.status, error=result.error)
