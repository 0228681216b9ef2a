"""AgentBench's DBBench (Liu et al. 2023, arXiv 2308.03688): questions about one table, and changes of it."""

from __future__ import annotations

from collections.abc import Iterator

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.companions import Companions

CHANGES = ("INSERT", "UPDATE", "DELETE")


def dbbench(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `description`, `table`, `type` and `label`.

    Of a question the label is the answer; the record's own query is not used, because it often gives another. Of a
    change the label is the statement that makes it.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    kind, labels = record.texts("type"), record.texts("label")
    if len(kind) != 1:
        raise record.fault(f"must be a list of one, found {len(kind)}", "type")
    changes = kind[0] in CHANGES
    if changes and len(labels) != 1:
        raise record.fault(f"a change has one statement, found {len(labels)}", "label")
    table = record.object("table")
    table.text("table_name")
    told = record.maybe("add_description") or ""
    yield ToolProblem(
        id=record.maybe("id") or str(record.row),
        text=f"{record.text('description')}\n\n{told}".strip(),
        answers=() if changes else labels,
        setup={"table": table.values},
        category=kind[0],
        extra={"statement": labels[0]} if changes else {},
    )
