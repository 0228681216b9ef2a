"""A question and its answers, and nothing that a table of two columns could not hold.

Bamboogle, NQ-open and most lists of questions have this form; one's own tasks may say more.
"""

from __future__ import annotations

from typing import cast, get_args

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import AnswerType, Question

QUESTION = ("question", "Question", "query", "Prompt")
ANSWERS = ("answers", "golden_answers", "answer", "Answer")


def plain(record: Record) -> Question:
    """A record with a question and, if it is known, an answer or a list of accepted answers.

    Optional: `id` (else the number of the record), `type` or `kind`, `hops`, `answer_type`, `answerable`,
    `gold_passages` (ids of passages of the task's corpus), `gold_titles`, `decomposition`.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    return Question(
        id=record.maybe("id", "_id") or str(record.row),
        text=record.text(*QUESTION),
        answers=record.answers(*ANSWERS),
        answer_type=answer_type(record),
        hops=record.number("hops") if record.has("hops") else None,
        kind=record.maybe("kind", "type"),
        gold_passages=record.texts("gold_passages", required=False),
        gold_titles=record.texts("gold_titles", required=False),
        decomposition=record.texts("decomposition", required=False),
        answerable=record.values.get("answerable") is not False,
    )


def answer_type(record: Record) -> AnswerType:
    """The record's own `answer_type`, else `boolean` where the answer is a JSON boolean, else `span`.

    Raises:
        DataError: There is no such type.
    """
    if not record.has("answer_type"):
        return "boolean" if record.is_boolean(*ANSWERS) else "span"
    value = record.text("answer_type")
    if value not in get_args(AnswerType):
        raise record.fault(f"must be one of {', '.join(get_args(AnswerType))}; found '{value}'", "answer_type")
    return cast("AnswerType", value)
