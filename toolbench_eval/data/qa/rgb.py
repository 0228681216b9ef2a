"""RGB: answering from passages with noise, with wrong facts, or in two parts (Chen et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from toolbench_eval.data.qa.context import Context, untitled
from toolbench_eval.data.qa.record import Record, distinct
from toolbench_eval.data.questions import Question

REFERENCES = 64
"""Ways to write an answer that are kept; its parts have them all."""


def rgb(record: Record) -> Question:
    """A record of RGB, of any of its files.

    An answer is a text, or a list of parts that are all wanted; a part that is a list can be written in several ways.
    The answers of the question are all ways to write all parts, joined by a comma; `extra` has the `parts`.
    Positive passages are gold; those with edited facts (`positive_wrong`) and the negative ones are not.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    parts = tuple(_parts(record))
    references = (
        [", ".join(chosen) for chosen, _ in zip(product(*parts), range(REFERENCES), strict=False)] if parts else []
    )
    paragraphs = [
        *untitled(_passages(record, "positive"), gold=True),
        *untitled(_passages(record, "positive_wrong")),
        *untitled(_passages(record, "negative")),
    ]
    context = Context.of(paragraphs)
    return Question(
        id=record.text("id"),
        text=record.text("query"),
        answers=distinct(references),
        gold_passages=context.gold,
        context=context.passages,
        extra={"parts": parts, **({"fakeanswer": record.text("fakeanswer")} if record.has("fakeanswer") else {})},
    )


def _parts(record: Record) -> Iterator[tuple[str, ...]]:
    value = record.decoded("answer")
    for part in value if isinstance(value, list) else [value]:
        ways = distinct(str(way) for way in (part if isinstance(part, list) else [part]) if way is not None)
        if ways:
            yield ways


def _passages(record: Record, name: str) -> Iterator[str]:
    for at, value in enumerate(record.items(name, required=False)):
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str):
                raise record.fault("must be text, or a list of texts", f"{name}[{at}]")
            yield text
