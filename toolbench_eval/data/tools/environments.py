"""What answers the calls of a task's problems: environments by the names that suites write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.apibank import SEARCHER
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.environments.apibank import apibank_environment
from toolbench_eval.environments.base import Environment, ToolSpec
from toolbench_eval.environments.begun import BegunEnvironment
from toolbench_eval.environments.combined import CombinedEnvironment
from toolbench_eval.environments.databases import dbbench_environment
from toolbench_eval.environments.declared import DeclaredEnvironment, declared_tools
from toolbench_eval.environments.recorded import RecordedEnvironment, Recording, Simulator, recording_of
from toolbench_eval.environments.recorded_sets import inferred_tools
from toolbench_eval.environments.tables import calculator_environment, table_environment
from toolbench_eval.errors import DataError, UnknownNameError, UsageError


class Maker(Protocol):
    """Makes the environment of a problem, new for each run of it."""

    def __call__(self, problem: ToolProblem, companions: Companions) -> Environment:
        """Make it.

        Raises:
            DataError: What the problem starts from is not as the environment needs it.
        """


TOOL_SEARCH = ToolSpec(
    SEARCHER,
    "Search for APIs by keywords.",
    {
        "type": "object",
        "properties": {"keywords": {"type": "string"}},
        "required": ["keywords"],
        "additionalProperties": False,
    },
)
"""API-Bank's search of tools; it ran an encoder over the descriptions, which are not public as they were."""

NONE = "none"
"""The name of having no tools at all."""

NOT_EXECUTED: Mapping[str, str] = {
    "examples": "replies are the examples of the documentation, not true answers",
    "declared": "calls are checked against their schemas and not executed",
}
"""Environments that execute nothing, and what to know of them."""

Replies = Callable[[ToolProblem, Companions], tuple[Iterable[ToolSpec], Sequence[Recording]]]
"""The tools of a problem, and the replies of theirs that are known."""


def find_maker(name: str) -> Maker | None:
    """The maker of environments of a name, None for `none`.

    Raises:
        UnknownNameError: There is none of this name.
        UsageError: The function of a name with a colon cannot be imported.
    """
    check_environment(name)
    if name == NONE:
        return None
    return _own(name) if ":" in name else MAKERS[name]


def check_environment(name: str) -> None:
    """Refuse an environment that does not exist; functions of one's own are not imported for that.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if ":" not in name and name not in (*MAKERS, NONE):
        raise UnknownNameError("environment", name, [*MAKERS, NONE], "Own ones are package.module:function.")


def _own(name: str) -> Maker:
    module, _, attribute = name.partition(":")
    try:
        function: Callable[..., Environment] = getattr(import_module(module), attribute)
    except Exception as error:  # any fault of somebody else's package must name that package
        raise UsageError(f"the environment '{name}' cannot be imported: {error}") from error

    def make(problem: ToolProblem, companions: Companions) -> Environment:
        return function(setup=problem.setup)

    return make


def _sql(problem: ToolProblem, companions: Companions) -> Environment:
    return dbbench_environment(problem.setup)


def _calculator(problem: ToolProblem, companions: Companions) -> Environment:
    return calculator_environment()


def _table(problem: ToolProblem, companions: Companions) -> Environment:
    return table_environment(str(_needed(problem, "table")))


def _apibank(problem: ToolProblem, companions: Companions) -> Environment:
    """API-Bank's databases after the calls that were made already.

    APIs that nobody knows are only declared, and so is the search of tools where it is on offer and never made.
    """
    calls: Sequence[Mapping[str, Any]] = problem.setup.get("calls", ())
    turns = [{"role": "API", "api_name": one["name"], "result": one["result"]} for one in calls if "result" in one]
    known = apibank_environment(companions.databases, [{"turns": turns}])
    names = {tool.name for tool in known.tools()}
    others = [recording_of(one["name"], one["arguments"], None) for one in calls if one["name"] not in names]
    searches = SEARCHER in problem.candidates and SEARCHER not in names | {one.tool for one in others}
    declared = [*inferred_tools(others), *((TOOL_SEARCH,) if searches else ())]
    environment = CombinedEnvironment([known, DeclaredEnvironment(declared)])
    return BegunEnvironment(
        environment, [(one["name"], one["arguments"]) for one in calls[: problem.setup.get("made", 0)]]
    )


def _recorded(problem: ToolProblem, companions: Companions) -> Environment:
    return RecordedEnvironment(*_recordings(problem, companions), "error")


def _nearest(problem: ToolProblem, companions: Companions) -> Environment:
    return RecordedEnvironment(*_recordings(problem, companions), "nearest")


def _recordings(problem: ToolProblem, companions: Companions) -> tuple[Iterable[ToolSpec], Sequence[Recording]]:
    own = [_recording(one) for one in problem.setup.get("recordings", ())]
    tools = declared_tools(problem.setup.get("tools", ())) or inferred_tools(own)
    return tools, [*own, *recordings_of(tools, companions)]


def recordings_of(tools: Iterable[ToolSpec], companions: Companions) -> list[Recording]:
    """The recorded replies of some tools that lie beside the records; none where a task has none."""
    names = {tool.name for tool in tools}
    there = () if companions.world is None or companions.world.is_dir() else companions.recordings
    return [one for one in there if one.tool in names]


def _recording(value: Mapping[str, Any]) -> Recording:
    try:
        return recording_of(value["tool"], value["arguments"], value["value"], value.get("error"))
    except (KeyError, TypeError) as error:
        raise DataError(f"a recording has tool, arguments and value: {error!r}", field="setup.recordings") from error


def _examples(problem: ToolProblem, companions: Companions) -> Environment:
    return RecordedEnvironment(*_documented(problem, companions), "nearest", least=0.0)


def _documented(problem: ToolProblem, companions: Companions) -> tuple[Iterable[ToolSpec], Sequence[Recording]]:
    return companions.specs.values(), companions.examples


def _declared(problem: ToolProblem, companions: Companions) -> Environment:
    return DeclaredEnvironment(_declarations(problem, companions)[0])


def _declarations(problem: ToolProblem, companions: Companions) -> tuple[Iterable[ToolSpec], Sequence[Recording]]:
    given: Iterable[ToolSpec] = declared_tools(problem.setup.get("tools", ()))
    return given or (companions.specs.values() if companions.tools else ()), ()


def _needed(problem: ToolProblem, key: str) -> Any:
    if key not in problem.setup:
        raise DataError(f"the problem '{problem.id}' lacks what its environment starts from", field=f"setup.{key}")
    return problem.setup[key]


MAKERS: Mapping[str, Maker] = {
    "sql": _sql,
    "calculator": _calculator,
    "table": _table,
    "apibank": _apibank,
    "recorded": _recorded,
    "nearest": _nearest,
    "examples": _examples,
    "declared": _declared,
}

REPLIES: Mapping[str, Replies] = {
    "recorded": _recordings,
    "nearest": _recordings,
    "examples": _documented,
    "declared": _declarations,
}
"""Environments that execute nothing, and the replies that they have; one that is missing can be made up."""


def simulated_environment(
    name: str, simulator: Simulator, problem: ToolProblem, companions: Companions
) -> RecordedEnvironment:
    """The environment of a problem where recorded replies are given as they are, and all others made up.

    Args:
        name: One of `REPLIES`.
        simulator: Makes them up.
        problem: The problem.
        companions: What belongs to its task's records.
    """
    return RecordedEnvironment(*REPLIES[name](problem, companions), "simulate", simulator=simulator)
