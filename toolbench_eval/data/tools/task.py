"""A tool use task that was loaded: its problems, and how their environments are made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from toolbench_eval.data.fingerprint import fingerprint_rows
from toolbench_eval.data.tasks import Origin
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.environments import Maker, recordings_of, simulated_environment
from toolbench_eval.environments.base import Environment, ToolSpec
from toolbench_eval.environments.declared import DeclaredEnvironment
from toolbench_eval.environments.recorded import RecordedEnvironment, Simulator
from toolbench_eval.suites import ToolRow


@dataclass(frozen=True, eq=False)
class ToolTask:
    """Problems and their environments.

    Attributes:
        row: The task's row in the suite's table.
        problems: The problems.
        companions: Files that belong to the records.
        maker: Makes environments, None where there are no tools.
        origin: Where the records came from.
        notes: What a user should know.
        beyond: Problems that a limit leaves out; their tools are in the pool.
        simulator: Makes up replies that nobody recorded; None where nothing is made up.
    """

    row: ToolRow
    problems: tuple[ToolProblem, ...]
    companions: Companions
    maker: Maker | None
    origin: Origin
    notes: tuple[str, ...] = ()
    beyond: tuple[ToolProblem, ...] = ()
    simulator: Simulator | None = None

    def environment(self, problem: ToolProblem) -> Environment | None:
        """The whole environment of a problem, new each time; None where there are no tools."""
        if self.simulator is not None:
            return simulated_environment(self.row.environment, self.simulator, problem, self.companions)
        return None if self.maker is None else self.maker(problem, self.companions)

    def elsewhere(self, tools: Sequence[ToolSpec]) -> Environment:
        """Tools of other problems, for a problem whose environment cannot execute them."""
        if self.simulator is None:
            return DeclaredEnvironment(tools)
        recordings = recordings_of(tools, self.companions)
        return RecordedEnvironment(tools, recordings, "simulate", simulator=self.simulator)

    @cached_property
    def pool(self) -> dict[str, ToolSpec]:
        """The tools of all problems by name, whatever the limit; of several with one name the first."""
        tools: dict[str, ToolSpec] = {}
        for problem in (*self.problems, *self.beyond):
            environment = self.environment(problem)
            for tool in () if environment is None else environment.tools():
                tools.setdefault(tool.name, tool)
        return tools

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the problems with all that is gold and what they start from, whatever their order."""
        return fingerprint_rows([_digest(asdict(problem)) for problem in self.problems])

    @cached_property
    def tools_fingerprint(self) -> str:
        """SHA-256 of what answers the calls: its name and files, the tools and first state of the first problem.

        A simulator is no part of it; it stands in a result's setting.
        """
        first = self.maker(self.problems[0], self.companions) if self.maker and self.problems else None
        tools = [] if first is None else [_told(tool) for tool in first.tools()]
        given = [self.companions.tools, self.companions.world]
        state = None if first is None else first.snapshot()
        files = [_content(file) for file in _files(given)]
        return _digest({"name": self.row.environment, "tools": tools, "state": state, "files": files})


def _told(tool: ToolSpec) -> dict[str, Any]:
    """What models are told of a tool: its category answers no call."""
    return {key: value for key, value in asdict(tool).items() if key != "category"}


def _digest(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=dict)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _files(paths: Iterable[Path | None]) -> Iterable[Path]:
    for path in paths:
        if path is not None:
            yield from sorted(path.iterdir()) if path.is_dir() else [path]


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
