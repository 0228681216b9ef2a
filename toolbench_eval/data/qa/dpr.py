"""Questions with retrieved passages: the files of DPR, and the oracle and k-document files of NQ-open made from them.

Karpukhin et al. 2020 (`positive_ctxs`, ...; reader files with `ctxs`); Liu et al. 2023, "Lost in the Middle"
(`ctxs` with `isgold`).
"""

from __future__ import annotations

from collections.abc import Iterator

from toolbench_eval.data.qa.context import Context, Paragraph, titles_of
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import Question

LISTS = {"positive_ctxs": True, "negative_ctxs": False, "hard_negative_ctxs": False}
"""Lists of passages in retriever files, and whether they are gold."""


def dpr(record: Record) -> Question:
    """A record with `ctxs`, of which `isgold` marks the gold ones, or with lists of positive and negative passages.

    That a passage holds the answer (`hasanswer`, `has_answer`) does not make it gold.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    paragraphs = list(_paragraphs(record))
    context = Context.of(paragraphs)
    return Question(
        id=record.maybe("id", "_id", "q_id") or str(record.row),
        text=record.text("question"),
        answers=record.answers("answers", "answer"),
        hops=1,
        gold_passages=context.gold,
        gold_titles=titles_of(paragraphs),
        context=context.passages,
    )


def _paragraphs(record: Record) -> Iterator[Paragraph]:
    for one in record.objects("ctxs", required=False):
        yield Paragraph(one.maybe("title") or "", one.text("text"), one.values.get("isgold") is True)
    for name, gold in LISTS.items():
        for one in record.objects(name, required=False):
            yield Paragraph(one.maybe("title") or "", one.text("text"), gold)
