"""The questions and problems that agents' entries are scored on: from the suite's own place, never from an entry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolbench_eval.data.sources import Access
from toolbench_eval.errors import EvalHarnessError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.answers import JUDGED, Scorer
from toolbench_eval.evaluation.solving.kinds import LOADERS, TASK_OPTIONS
from toolbench_eval.evaluation.solving.questions import QuestionWork
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.sums import COSTS
from toolbench_eval.evaluation.solving.tools.offers import RETRIEVED
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.leaderboard.board import Pin
from toolbench_eval.llms.load import load_llm
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import Result
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.suites import Suite, TaskRow, ToolRow

NOBODY = "scripted"
"""Stands for models that are named and never asked."""


@dataclass(frozen=True)
class Conditions:
    """What decides how a task is loaded.

    Attributes:
        options: The task's options.
        seed: Seed of draws and shuffles of tools.
        judged: Whether there was a judge.
    """

    options: tuple[tuple[str, str], ...]
    seed: int = 0
    judged: bool = False

    @classmethod
    def of(cls, result: Result) -> Conditions:
        """Those of a result whose claims about its setting hold; retrieved tools are put in their place later."""
        setting = result.task_setting
        options = {name: str(setting[name]) for name in TASK_OPTIONS[result.kind]}
        if result.kind == "question-answering":
            return cls(tuple(options.items()))
        if options["toolset"] == RETRIEVED:
            options["toolset"] = "released"
        return cls(tuple(options.items()), setting["seed"], "judge" in setting)


@dataclass(eq=False)
class AgentReference:
    """A suite's samples with their gold at hand.

    Attributes:
        suite: The suite.
        access: Where data may come from.
        registry: Where corpora are declared.
        tasks: The tasks by full name, as they are without options.
        lacking: Why other tasks have no data.
    """

    suite: Suite
    access: Access
    registry: Registry
    tasks: dict[str, Work] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    _works: dict[tuple[str, Conditions], Work] = field(default_factory=dict)

    @property
    def pins(self) -> dict[str, Pin]:
        """What the data is, as a board pins it: one record holds a question and its gold."""
        return {
            name: Pin(rows=len(work.samples), queries=work.fingerprint, qrels=work.fingerprint)
            for name, work in self.tasks.items()
        }

    def work(self, result: Result, task: str) -> Work:
        """A task as it was for a result; nobody retrieves, answers or judges.

        Raises:
            EvalHarnessError: It cannot be loaded so.
        """
        work, values = self._loaded(task, Conditions.of(result)), result.tasks[task]
        if not isinstance(work, QuestionWork):
            return work
        left_out = [] if values.solved is None else values.solved.left_out
        asked = [name for name in (*values.scores, *left_out) if name not in COSTS and name not in JUDGED]
        return replace(work, scorer=Scorer.of(work.task.questions, work.scorer.profile, asked))

    def load(self, task: str) -> None:
        """Load a task as it is without options, or note why it has no data."""
        usual = {name: choices[0] for name, choices in TASK_OPTIONS[self.suite.spec.kind].items()}
        try:
            self.tasks[task] = self._loaded(task, Conditions(tuple(usual.items())))
        except EvalHarnessError as error:
            self.lacking[task] = str(error)

    def _loaded(self, task: str, conditions: Conditions) -> Work:
        if (task, conditions) not in self._works:
            row = next(row for row in self.suite.rows if f"{self.suite.name}/{row.task}" == task)
            self._works[task, conditions] = self._load(row, conditions)
        return self._works[task, conditions]

    def _load(self, row: TaskRow, conditions: Conditions) -> Work:
        runtime = Runtime(offline=self.access.offline, seed=conditions.seed)
        request = AgentRequest(
            Request((self.suite.name,), access=self.access, runtime=runtime), NOBODY, {"main": NOBODY}
        )
        judged = isinstance(row, ToolRow) and (conditions.judged or row.scoring == "judge")
        judge = load_llm(NOBODY) if judged else None
        load = LOADERS[self.suite.spec.kind]
        return load(self.suite, row, request, self.registry, dict(conditions.options), None, judge)


def load_agent_reference(
    suite: Suite, names: Sequence[str], pins: Mapping[str, Pin], access: Access, registry: Registry, reporter: Reporter
) -> AgentReference:
    """Load the samples of tasks and keep what has the pinned fingerprints.

    Args:
        suite: The suite.
        names: Full names of the tasks that are needed.
        pins: What the data of the tasks must be; those of the suite itself are checked by whoever loads them.
        access: Where data may come from.
        registry: Where corpora are declared.
        reporter: Who is told of progress.
    """
    found = AgentReference(suite, access, registry)
    needed = [name for row in suite.rows if (name := f"{suite.name}/{row.task}") in names]
    with reporter.track(f"load {suite.name}", len(needed)) as advance:
        for name in needed:
            found.load(name)
            pinned = pins.get(name)
            if name in found.tasks and pinned is not None and found.tasks[name].fingerprint != pinned.queries:
                found.lacking[name] = "the data at hand has other samples than the board pins"
                del found.tasks[name]
            advance(1)
    return found


def as_json(value: Any) -> Any:
    """A value as it is read back from JSON: lists for tuples."""
    return json.loads(json.dumps(value))
