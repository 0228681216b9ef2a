"""What `tasks check` finds in the records of a tool use task."""

from __future__ import annotations

from collections.abc import Iterator

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.environments import Maker, find_maker
from toolbench_eval.data.tools.formats import FORMATS
from toolbench_eval.data.tools.load import find_records
from toolbench_eval.declarations import Faults
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.suites import Suite, ToolRow

ANSWERED = {"answer", "number", "logic-grid"}
PATHED = {"path", "calls"}
"""Ways of scoring that need an accepted answer, or gold calls."""


def check_problems(suite: Suite, row: ToolRow, access: Access) -> Faults:
    """All faults of a tool use task: of its records, and of the tools that they name.

    A task that takes its records from `--source` has none.

    Raises:
        DataError: The records cannot be read at all.
    """
    table = suite.folder / ("suite.toml" if suite.spec.tasks else suite.spec.table)
    try:
        found = find_records(suite, row, access)
        maker = find_maker(row.environment)
    except MissingDataError as error:
        return [error] if row.file is not None else []
    except UsageError as error:
        return [DataError(str(error), file=table, field="environment")]
    faults: Faults = []
    problems: list[tuple[Record, ToolProblem]] = []
    for record in found.records:
        try:
            problems += [(record, one) for one in FORMATS[row.format](record, found.companions) if _wanted(one, row)]
        except DataError as error:
            faults.append(error)
    seen: set[str] = set()
    for record, problem in problems:
        if problem.id in seen:
            faults.append(record.fault(f"the id '{problem.id}' stands twice", "id"))
        seen.add(problem.id)
        faults += _problem_faults(record, problem, row, maker, found.companions)
    if row.queries is not None and not faults and row.queries != len(problems):
        message = f"'{row.task}': the table says {row.queries} queries, there are {len(problems)}"
        faults.append(DataError(message, file=table, field="queries"))
    return faults


def _wanted(problem: ToolProblem, row: ToolRow) -> bool:
    return row.subset is None or problem.category == row.subset


def _problem_faults(
    record: Record, problem: ToolProblem, row: ToolRow, maker: Maker | None, companions: Companions
) -> Iterator[DataError]:
    if not problem.text.strip():
        yield record.fault("the request is empty", "text")
    if row.scoring in ANSWERED and not problem.answers:
        yield record.fault(f"there is no accepted answer, which the scoring '{row.scoring}' needs", "answers")
    if row.scoring in PATHED and not problem.gold_calls:
        yield record.fault(f"there is no gold call, which the scoring '{row.scoring}' needs", "gold_calls")
    try:
        tools = set() if maker is None else {tool.name for tool in maker(problem, companions).tools()}
    except DataError as error:
        yield record.fault(f"the environment cannot be made: {error.message}", "setup")
        return
    for field, names in (("candidates", problem.candidates), ("gold_calls", [one.name for one in problem.gold_calls])):
        if unknown := sorted(set(names) - tools):
            yield record.fault(f"the environment has no tool {', '.join(unknown)}", field)
