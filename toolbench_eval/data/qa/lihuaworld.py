"""LiHua-World: questions about a year of chat logs (Fan et al. 2025, MiniRAG)."""

from __future__ import annotations

from toolbench_eval.data.qa.record import Record, distinct
from toolbench_eval.data.questions import Question

BETWEEN = "<and>"
"""What joins the times of several logs."""


def lihuaworld(record: Record) -> Question:
    """A record of LiHua-World.

    The evidence names logs by their time, `YYYYMMDD_HH:MM`; the log's file has the name without the colon. Questions of
    type `Null` cannot be answered from the logs, and their evidence (mostly `N/A`) names none; a malformed evidence
    stays as it is and is found in no corpus.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    kind = record.text("type")
    times = distinct(part.strip() for part in record.text("evidence").split(BETWEEN))
    return Question(
        id=record.maybe("id") or str(record.row),
        text=record.text("question"),
        answers=record.answers("answer"),
        kind=kind,
        gold_passages=tuple(time.replace(":", "") for time in times),
        answerable=kind != "Null",
    )
