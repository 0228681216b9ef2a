"""MoreHopQA: multi-hop questions with a last step of arithmetic, symbols or common sense (Schnitzler et al. 2024)."""

from __future__ import annotations

from toolbench_eval.data.qa.context import Context, titles_of
from toolbench_eval.data.qa.hotpotqa import paragraphs
from toolbench_eval.data.qa.record import Record, distinct
from toolbench_eval.data.questions import Question

_KEPT = ("previous_question", "previous_answer", "answer_type", "previous_answer_type", "pattern")


def morehopqa(record: Record) -> Question:
    """A record of MoreHopQA: all its paragraphs are gold.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    steps = list(record.objects("question_decomposition", required=False))
    titles = distinct(step.maybe("paragraph_support_title") or "" for step in steps)
    gold = titles or tuple(one.title for one in paragraphs(record, (), None))
    found = list(paragraphs(record, gold, None))
    context = Context.of(found)
    return Question(
        id=record.text("_id", "id"),
        text=record.text("question"),
        answers=record.answers("answer"),
        hops=record.number("no_of_hops") if record.has("no_of_hops") else None,
        kind=record.maybe("reasoning_type"),
        gold_passages=context.gold,
        gold_titles=titles or titles_of(found),
        decomposition=tuple(step.text("question") for step in steps),
        context=context.passages,
        sentences=context.sentences,
        extra={name: record.text(name) for name in _KEPT if record.has(name)},
    )
