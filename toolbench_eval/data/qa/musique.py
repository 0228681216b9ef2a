"""MuSiQue: paragraphs with their support, and one decomposition a question (Trivedi et al. 2022)."""

from __future__ import annotations

import re

from toolbench_eval.data.qa.context import Context, Paragraph, titles_of
from toolbench_eval.data.qa.record import Record, distinct
from toolbench_eval.data.questions import Question

UNANSWERABLE = "/unanswerable"
"""What the id of an unanswerable question of MuSiQue-Full ends in: its answerable twin has the same id."""

_SHAPE = re.compile(r"(\d)hop\d?_")


def musique(record: Record) -> Question:
    """A record of MuSiQue-Ans or MuSiQue-Full.

    The id tells the shape (`2hop`, `3hop1`, ...), which becomes the kind. In `extra`, `group` is the id that the two
    twins of MuSiQue-Full share, and `support` the numbers of the supporting paragraphs.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    name, answerable = record.text("id"), record.values.get("answerable") is not False
    shape = _SHAPE.match(name)
    numbered = [_paragraph(paragraph) for paragraph in record.objects("paragraphs", required=False)]
    context = Context.of(paragraph for _, paragraph in numbered)
    steps = list(record.objects("question_decomposition", required=False))
    return Question(
        id=name if answerable else name + UNANSWERABLE,
        text=record.text("question"),
        answers=distinct((*record.answers("answer"), *record.texts("answer_aliases", required=False))),
        hops=int(shape[1]) if shape else len(steps) or None,
        kind=shape[0].rstrip("_") if shape else None,
        gold_passages=context.gold,
        gold_titles=titles_of(paragraph for _, paragraph in numbered),
        decomposition=tuple(step.text("question") for step in steps),
        context=context.passages,
        answerable=answerable,
        extra={
            "group": name,
            "support": tuple(number for number, paragraph in numbered if paragraph.gold),
            "steps": tuple((step.text("question"), step.maybe("answer") or "") for step in steps),
        },
    )


def _paragraph(record: Record) -> tuple[int, Paragraph]:
    gold = record.values.get("is_supporting") is True
    return record.number("idx"), Paragraph(record.text("title"), record.text("paragraph_text"), gold)
