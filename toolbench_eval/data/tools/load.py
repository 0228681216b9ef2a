"""Loading the problems of a tool use task, with whatever lies beside their records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.data.qa.reading import table_records
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.sources import Access, HubSplit, load_split
from toolbench_eval.data.tasks import Origin
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.environments import NOT_EXECUTED, find_maker
from toolbench_eval.data.tools.formats import FORMATS, records_of
from toolbench_eval.data.tools.json_files import found_in
from toolbench_eval.data.tools.task import ToolTask
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.suites import Suite, ToolRow


@dataclass(frozen=True)
class Found:
    """The records of a task; they can be read once.

    Attributes:
        records: The records.
        origin: Where they came from.
        companions: Files that belong to them.
    """

    records: Iterator[Record]
    origin: Origin
    companions: Companions


def load_problems(
    suite: Suite,
    row: ToolRow,
    access: Access,
    *,
    source: Path | None = None,
    tools: Path | None = None,
    limit: int | None = None,
) -> ToolTask:
    """Load the problems of one task.

    Args:
        suite: The task's suite.
        row: The task's row in the suite's table.
        access: Where hub data may come from.
        source: A file of records that goes before what the row says, or a folder in which it lies under the name that
            the row has as `source`.
        tools: A file of the tools' descriptions that goes before what the row says.
        limit: Keep the first problems only.

    Raises:
        MissingDataError: The place that was asked does not have the data, or the task names none.
        HubError: The hub failed.
        DataError: A record is wrong, or none is left; names file, row and field.
    """
    found = find_records(suite, row, access, source, tools)
    problems = tuple(problem for _, problem in read_problems(found, row))
    if not problems:
        what = f"no record of the category '{row.subset}'" if row.subset else "no record"
        raise DataError(f"holds {what}", file=found.origin.location)
    notes = unexecuted(row)
    kept, beyond = problems[:limit], () if limit is None else problems[limit:]
    return ToolTask(row, kept, found.companions, find_maker(row.environment), found.origin, notes, beyond)


def unexecuted(row: ToolRow) -> tuple[str, ...]:
    """The note of a task that executes no calls, nothing for others."""
    known = NOT_EXECUTED.get(row.environment)
    return () if known is None else (f"{row.task} executes no calls: {known}",)


def find_records(
    suite: Suite, row: ToolRow, access: Access, source: Path | None = None, tools: Path | None = None
) -> Found:
    """Where the records of a task are, and what belongs to them; arguments and errors as of `load_problems`."""
    path = _file(suite, row, source)
    companions = Companions.of(row, path, tools)
    if path is not None:
        return Found(records_of(path, row.format), Origin("files", str(path)), companions)
    if row.repo is None:
        message = "is not on the hub: give its official file, or the folder that it is in, with --source"
        raise MissingDataError(message, file=f"{suite.name}/{row.task}")
    loaded = load_split(HubSplit(row.repo, row.config, row.split or "", row.revision), access)
    place = f"{loaded.location} ({row.config or 'default'}, {row.split})"
    return Found(
        table_records(loaded.table, place), Origin(loaded.origin, loaded.location, loaded.revision), companions
    )


def read_problems(found: Found, row: ToolRow) -> Iterator[tuple[Record, ToolProblem]]:
    """The problems of records, each with its record; those of other categories than the row's are left out.

    Raises:
        DataError: A record is wrong, or an id stands twice.
    """
    read, seen = FORMATS[row.format], set[str]()
    for record in found.records:
        for problem in read(record, found.companions):
            if row.subset is not None and problem.category != row.subset:
                continue
            if problem.id in seen:
                raise record.fault(f"the id '{problem.id}' stands twice", "id")
            seen.add(problem.id)
            yield record, problem


def _file(suite: Suite, row: ToolRow, source: Path | None) -> Path | None:
    """The file of the records, None where they are on the hub or nowhere."""
    if source is None:
        return None if row.file is None else suite.folder / row.file
    if not source.is_dir():
        return source
    names = (row.source or "").split()
    found = next(filter(None, (found_in(source, name) for name in names)), None)
    if found is None:
        message = f"has no {' and no '.join(names)}" if names else "is no file of records"
        raise MissingDataError(f"{suite.name}/{row.task}: this folder {message}", file=source)
    return found
