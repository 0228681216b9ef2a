"""The common form of FlashRAG: question, golden answers, and what a data set says besides in `metadata`."""

from __future__ import annotations

from toolbench_eval.data.qa.context import Context
from toolbench_eval.data.qa.hotpotqa import paragraphs, supporting_facts
from toolbench_eval.data.qa.plain import answer_type
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import Question


def flashrag(record: Record) -> Question:
    """A record of FlashRAG's data sets.

    Where `metadata` has HotpotQA's context and supporting facts (as columns), they are taken over.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    meta = (
        record.object("metadata")
        if isinstance(record.decoded("metadata"), dict)
        else Record({}, record.file, record.row)
    )
    facts = tuple(supporting_facts(meta)) if meta.has("supporting_facts") else ()
    titles = tuple(dict.fromkeys(title for title, _ in facts))
    has_context = isinstance(meta.decoded("context"), dict)
    context = Context.of(paragraphs(meta, titles, None) if has_context else ())
    return Question(
        id=record.text("id"),
        text=record.text("question"),
        answers=record.answers("golden_answers"),
        answer_type=answer_type(record),
        kind=meta.maybe("type"),
        gold_passages=context.gold,
        gold_titles=titles,
        gold_sentences=facts,
        context=context.passages,
        sentences=context.sentences,
    )
