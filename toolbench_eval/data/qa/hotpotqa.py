"""HotpotQA: the official lists, and the columns of the copy on the hub (Yang et al. 2018)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from toolbench_eval.data.qa.context import Context, Paragraph
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.questions import Question


def hotpotqa(record: Record) -> Question:
    """A record of HotpotQA; test records have no answer and no supporting facts.

    Sentences carry the blank in front of them, so a text is its sentences joined with nothing between.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    facts = tuple(supporting_facts(record))
    titles = tuple(dict.fromkeys(title for title, _ in facts))
    context = Context.of(paragraphs(record, titles, ""))
    return Question(
        id=record.text("_id", "id"),
        text=record.text("question"),
        answers=record.answers("answer"),
        hops=2,
        kind=record.maybe("type"),
        gold_passages=context.gold,
        gold_titles=titles,
        gold_sentences=facts,
        context=context.passages,
        sentences=context.sentences,
        extra={"level": record.text("level")} if record.has("level") else {},
    )


def supporting_facts(record: Record) -> Iterator[tuple[str, int]]:
    """`supporting_facts` as (title, sentence), from a list of pairs or from an object of two lists.

    Raises:
        DataError: It is neither.
    """
    name = "supporting_facts"
    if isinstance(record.decoded(name), dict):
        facts = record.object(name)
        titles, numbers = facts.texts("title"), facts.items("sent_id")
        _same_length(facts, titles, numbers, "sent_id")
        pairs = list(zip(titles, numbers, strict=True))
    else:
        pairs = list(record.pairs(name, required=False))
    for at, (title, number) in enumerate(pairs):
        if not isinstance(title, str) or not isinstance(number, int) or isinstance(number, bool):
            raise record.fault(
                f"must be a title and the number of a sentence, found {[title, number]!r:.60}", f"{name}[{at}]"
            )
        yield title, number


def paragraphs(record: Record, gold: Collection[str], between: str | None) -> Iterator[Paragraph]:
    """`context`, from a list of `[title, sentences]` or from an object of two lists.

    Args:
        record: The record.
        gold: Titles of the gold paragraphs.
        between: What joins two sentences; None for a blank where no sentence of the paragraph brings its own.

    Raises:
        DataError: It is neither.
    """
    for title, sentences in _titled(record):
        glue = between
        if glue is None:
            glue = "" if any(sentence[:1].isspace() for sentence in sentences[1:]) else " "
        yield Paragraph(title, glue.join(sentences), title in gold, sentences)


def _titled(record: Record) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(record.decoded("context"), dict):
        context = record.object("context")
        titles, texts = context.texts("title"), context.items(context.first("sentences", "content"))
        _same_length(context, titles, texts, "sentences")
        pairs = list(zip(titles, texts, strict=True))
    else:
        pairs = list(record.pairs("context", required=False))
    for at, (title, sentences) in enumerate(pairs):
        if not isinstance(title, str) or not _are_texts(sentences):
            raise record.fault("must be a title and a list of sentences", f"context[{at}]")
        yield title, tuple(sentences)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _same_length(record: Record, titles: Sequence[object], others: Sequence[object], name: str) -> None:
    if len(titles) != len(others):
        raise record.fault(f"has {len(others)} entries where there are {len(titles)} titles", name)
