"""Answers of the type that a task declares."""

from __future__ import annotations

from dataclasses import replace

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import AnswerType, Question

BOOLEANS = {"yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"}
"""Spellings of booleans and their canonical answers."""


def typed(question: Question, answer_type: AnswerType | None, record: Record) -> Question:
    """The question with this answer type, None for its own; boolean answers become `yes` and `no`.

    Raises:
        DataError: An answer is to be a boolean and is none.
    """
    kind = answer_type or question.answer_type
    if kind != "boolean":
        return question if kind == question.answer_type else replace(question, answer_type=kind)
    for answer in question.answers:
        if answer.strip().lower() not in BOOLEANS:
            raise record.fault(f"must be a boolean (yes, no, true, false), found '{answer:.60}'", "answer")
    answers = dict.fromkeys(BOOLEANS[answer.strip().lower()] for answer in question.answers)
    return replace(question, answer_type=kind, answers=tuple(answers))
