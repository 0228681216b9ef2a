"""The data of suites for agents, loaded to fetch it or to pin it."""

from __future__ import annotations

from typing import Any

from toolbench_eval.data.qa.load import QuestionTask, load_questions
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tasks import Origin
from toolbench_eval.data.tools.load import load_problems
from toolbench_eval.data.tools.task import ToolTask
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.registry import Registry
from toolbench_eval.selection import Selection
from toolbench_eval.suites import QuestionRow, Suite, TaskRow, ToolRow

Row = dict[str, Any]


def agent_rows(selection: Selection, registry: Registry, access: Access, *, allow_missing: bool) -> list[Row]:
    """Name, size, origin and fingerprints of every task of a suite for agents.

    Raises:
        MissingDataError: A task has no data and that is not allowed, or none has any.
        HubError: The hub failed.
        DataError: A record is wrong.
    """
    rows, lacking = [], []
    for row in selection.rows:
        try:
            rows.append(_row(selection.suite, row, registry, access))
        except MissingDataError as error:
            lacking.append(error)
    if lacking and not (rows and allow_missing):
        raise lacking[0]
    return rows


def has_place(row: TaskRow) -> bool:
    """Whether a task's data are beside its suite or on the hub; else users have to bring them."""
    return not isinstance(row, QuestionRow | ToolRow) or bool(row.file or row.repo)


def question_row(suite: Suite, task: QuestionTask) -> Row:
    """Name, size, origin and fingerprints of one question answering task."""
    corpus = {"documents": task.passages.fingerprint} if len(task.passages) else {}
    return {**_head(suite, task.row, len(task.questions), task.origin), "queries": task.fingerprint, **corpus}


def tool_row(suite: Suite, task: ToolTask) -> Row:
    """Name, size, origin and fingerprints of one tool use task; its documents are what answers the calls."""
    head = _head(suite, task.row, len(task.problems), task.origin)
    return {**head, "queries": task.fingerprint, "documents": task.tools_fingerprint}


def _row(suite: Suite, row: TaskRow, registry: Registry, access: Access) -> Row:
    if isinstance(row, QuestionRow):
        return question_row(suite, load_questions(suite, row, access, registry=registry))
    if isinstance(row, ToolRow):
        return tool_row(suite, load_problems(suite, row, access))
    raise DataError("the suite is none for agents", file=suite.folder)


def _head(suite: Suite, row: TaskRow, size: int, origin: Origin) -> Row:
    return {
        "name": f"{suite.name}/{row.task}",
        "rows": size,
        "origin": origin.kind,
        "location": origin.location,
    }
