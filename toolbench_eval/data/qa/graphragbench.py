"""GraphRAG-Bench: free-text answers about one long document (Xiang et al. 2025)."""

from __future__ import annotations

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import Question


def graphragbench(record: Record) -> Question:
    """A record of GraphRAG-Bench; it names no gold passages.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    return Question(
        id=record.text("id"),
        text=record.text("question"),
        answers=record.answers("answer"),
        answer_type="text",
        kind=record.maybe("question_type"),
        extra={"source": record.text("source")} if record.has("source") else {},
    )
