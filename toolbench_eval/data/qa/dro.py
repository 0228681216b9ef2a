"""The pre-processed form of DRO and EXSEARCH: gold and other passages as text, one answer."""

from __future__ import annotations

from collections.abc import Iterator

from toolbench_eval.data.qa.context import Context, Paragraph, titles_of
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import Question

BETWEEN = " | "
"""What stands between title and text."""


def dro(record: Record) -> Question:
    """A record as DRO and EXSEARCH prepare it: `positive` are the gold passages, `retrieval` the others.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    paragraphs = [*_paragraphs(record, "positive", gold=True), *_paragraphs(record, "retrieval", gold=False)]
    context = Context.of(paragraphs)
    return Question(
        id=record.text("query_id", "id"),
        text=record.text("question"),
        answers=record.answers("answer"),
        kind=record.maybe("dataset"),
        gold_passages=context.gold,
        gold_titles=titles_of(paragraphs),
        context=context.passages,
    )


def _paragraphs(record: Record, name: str, *, gold: bool) -> Iterator[Paragraph]:
    for passage in record.texts(name, required=False):
        title, between, text = passage.partition(BETWEEN)
        yield Paragraph(title, text, gold) if between else Paragraph("", passage, gold)
