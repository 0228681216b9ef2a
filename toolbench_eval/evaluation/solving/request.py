"""What a user asks for when an agent is to be evaluated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.session import Limits
from toolbench_eval.errors import MissingDataError, UsageError
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.perturbed import Perturbation


@dataclass(frozen=True)
class AgentRequest:
    """One `evalharness run --agent`.

    Attributes:
        base: Tasks, places, protocol, switches, seed: what retrieval asks for as well.
        agent: Name of the agent, or an agent of one's own with its options set.
        llms: Names of language models by role; `main` plays every role without a model of its own.
        model: The retriever that it searches with; None for the default, if it is an agent that searches passages.
        source: The task's records in a file of the benchmark's official format; for tool use also the folder that
            holds the files of several tasks.
        corpus: The task's corpus in a file.
        limits: Bounds of each sample.
        run_tokens: Tokens of the whole run, None for no bound.
        run_dollars: Cost of the whole run, None for no bound.
        max_failures: Share of failed samples above which the run counts as failed.
        judge: Name of the language model that judges answers, None for no judge.
        perturbations: Changes around agent, models and task (see `toolbench_eval.study`).
    """

    base: Request
    agent: str | Agent
    llms: Mapping[str, str]
    model: str | None = None
    source: Path | None = None
    corpus: Path | None = None
    limits: Limits = field(default_factory=Limits)
    run_tokens: int | None = None
    run_dollars: float | None = None
    max_failures: float = 0.1
    judge: str | None = None
    perturbations: tuple[Perturbation, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: No language model plays the main role, or a limit or the share of failures is none.
            MissingDataError: A file is not there.
        """
        if "main" not in self.llms:
            raise UsageError("an agent needs a language model: --llm openai/<model>, hf/<folder>, scripted")
        if not 0 <= self.max_failures <= 1:
            raise UsageError(f"--max-failures is a share from 0 to 1, found {self.max_failures}")
        limits = {
            "--cost-limit": self.limits.dollars,
            "--time-limit": self.limits.seconds,
            "--run-cost-limit": self.run_dollars,
        }
        for name, bound in limits.items():
            if bound is not None and not 0 <= bound < math.inf:
                raise UsageError(f"{name} is a number from 0, found {bound}")
        if self.source is not None and not self.source.exists():
            raise MissingDataError("no such file or folder (given as --source)", file=self.source)
        if self.corpus is not None and not self.corpus.is_file():
            raise MissingDataError("no such file (given as --corpus)", file=self.corpus)
        if any(value is not None for value in (self.base.k, self.base.first_stage, self.base.instruction)):
            raise UsageError("--k, --first-stage and --instruction are for retrieval; see 'agents show' for --set")
        if self.base.depth is not None:
            raise UsageError("--depth is for retrieval; an agent's reranker has the depth of its card")
