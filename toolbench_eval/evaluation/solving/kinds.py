"""The kinds of suites that agents are evaluated on, and how their tasks are loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from toolbench_eval.errors import MissingDataError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.solving.questions import load_question_work
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.tools.offers import ORDERS, RETRIEVED, TOOLSETS
from toolbench_eval.evaluation.solving.tools.success import SCORINGS
from toolbench_eval.evaluation.solving.tools.teval import PUBLISHED, SIMILARITY
from toolbench_eval.evaluation.solving.tools.work import load_tool_work
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.metrics.answers.profiles import PROFILES
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.model import Model
from toolbench_eval.selection import Selection
from toolbench_eval.suites import Suite, TaskRow, ToolRow

TASK_OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "question-answering": {
        "retrieval": ("own", "open", "distractor", "oracle"),
        "profile": ("official", *PROFILES),
        "questions": ("all", "usable"),
    },
    "tool-use": {
        "toolset": ("own", *TOOLSETS),
        "order": ORDERS,
        "tools_k": ("10", "5", "20", "50", "100"),
    },
}
"""By kind of suite: the choices that must match for two results to be comparable, the default first. `own`: as each
task's row says. `tools_k`: how many tools are offered where they are retrieved."""

NAME_OPTIONS: dict[str, dict[str, str]] = {"question-answering": {}, "tool-use": {SIMILARITY: PUBLISHED}}
"""By kind of suite: options that take a name, with their defaults. Only tasks that need them have them."""


def name_options(kind: str, rows: Iterable[TaskRow]) -> dict[str, str]:
    """The options of these tasks that take a name: texts of plans are compared by a model."""
    compares = any(isinstance(row, ToolRow) and SCORINGS[row.scoring].compares is not None for row in rows)
    return NAME_OPTIONS[kind] if compares else {}


def default_options(kind: str, *, retriever: bool) -> dict[str, str]:
    """What holds unless the user says otherwise; a retriever that is named for a tool use task retrieves the tools."""
    chosen = {name: choices[0] for name, choices in TASK_OPTIONS[kind].items()}
    return chosen | ({"toolset": RETRIEVED} if retriever and kind == "tool-use" else {})


class Loader(Protocol):
    """Makes the work of one task."""

    def __call__(  # noqa: D102 - said by the class
        self,
        suite: Suite,
        row: TaskRow,
        request: AgentRequest,
        registry: Registry,
        options: Mapping[str, str],
        model: Model | None,
        judge: CachedLLM | None,
    ) -> Work: ...


LOADERS: dict[str, Loader] = {"question-answering": load_question_work, "tool-use": load_tool_work}


def load_works(
    selection: Selection,
    request: AgentRequest,
    registry: Registry,
    reporter: Reporter,
    options: Mapping[str, str],
    model: Model | None,
    judge: CachedLLM | None,
) -> tuple[tuple[Work, ...], tuple[str, ...]]:
    """The tasks of a selection that have data, and the names of those that have none.

    Raises:
        MissingDataError: A task has no data and the request does not allow that, or none has any.
    """
    load, suite = LOADERS[selection.suite.spec.kind], selection.suite
    works: list[Work] = []
    lacking: dict[str, MissingDataError] = {}
    with reporter.track(f"load {suite.name}", len(selection.rows)) as advance:
        for row in selection.rows:
            try:
                works.append(load(suite, row, request, registry, options, model, judge))
            except MissingDataError as error:
                lacking[f"{suite.name}/{row.task}"] = error
            advance(1)
    if lacking and not (request.base.allow_missing and works):
        first = next(iter(lacking.values()))
        others = f" ({len(lacking)} tasks have no data: {', '.join(lacking)})" if len(lacking) > 1 else ""
        raise MissingDataError(f"{first.message}{others}.{_advice(selection, bool(works))}", file=first.file)
    return tuple(works), tuple(lacking)


def _advice(selection: Selection, some_found: bool) -> str:
    if some_found:
        return " Use --allow-missing to go on without them."
    if len(selection.rows) == 1:
        return " Give the official file with --source."
    example = f"--task {selection.suite.name}/{selection.rows[0].task} --source FILE"
    return f" Give a mirror with --data, or one task's official file: {example}."
