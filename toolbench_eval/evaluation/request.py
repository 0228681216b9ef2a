"""What a user asks for, before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from toolbench_eval.data.sources import Access
from toolbench_eval.errors import MissingDataError, UsageError
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.suites import Protocol

InstructionChoice = Literal["with", "without", "both"]


@dataclass(frozen=True)
class Request:
    """One `evalharness run`, or one call of `evaluate`.

    Attributes:
        tasks: Task patterns: suites, tasks, categories (`toolret:web`), globs.
        out: Where results go.
        access: Where data may come from.
        instruction: With, without or both; None for the suite's own choice.
        protocol: The bundle of switches.
        switches: Single switches that the user sets.
        k: Depth of the runs, None for the suite's own.
        limit: First n queries of each task only.
        allow_missing: Whether to go on where tasks have no data.
        metrics: Measures beside the suite's own.
        first_stage: A stored result, TREC run or data set of runs whose documents the model reranks.
        depth: Documents that rerankers reorder, None for what their cards say.
        runtime: How the model is executed, and the seed.
    """

    tasks: tuple[str, ...]
    out: Path = Path("results")
    access: Access = field(default_factory=Access)
    instruction: InstructionChoice | None = None
    protocol: Protocol = "default"
    switches: dict[str, str] = field(default_factory=dict)
    k: int | None = None
    limit: int | None = None
    allow_missing: bool = False
    metrics: tuple[str, ...] = ()
    first_stage: Path | None = None
    depth: int | None = None
    runtime: Runtime = field(default_factory=Runtime)

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense.

        Raises:
            UsageError: k, limit, depth or seed is too low, or no task is named.
            MissingDataError: The mirror is no folder.
        """
        if not self.tasks:
            raise UsageError("name at least one task, e.g. --task sample")
        for name, value in (("--k", self.k), ("--limit", self.limit), ("--depth", self.depth)):
            if value is not None and value < 1:
                raise UsageError(f"{name} must be at least 1, found {value}")
        if self.runtime.seed < 0:
            raise UsageError(f"--seed must be at least 0, found {self.runtime.seed}")
        if self.access.mirror is not None and not self.access.mirror.is_dir():
            raise MissingDataError("no such folder (given as --data)", file=self.access.mirror)
