"""FanOutQA: questions over many pages, with answers that have parts (Zhu et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolbench_eval.data.qa.record import Record, distinct
from toolbench_eval.data.questions import Question


def fanoutqa(record: Record) -> Question:
    """A record of FanOutQA.

    The answer may be an object, a list, a text or a number. As text it is `key: value; ...` or the members of the list;
    `extra` has it as it is (`answer`), and its leaves as text (`parts`).

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    answer = record.decoded("answer")
    steps = list(_steps(record))
    pages = [step.object("evidence") for step in steps if step.has("evidence")]
    return Question(
        id=record.text("id"),
        text=record.text("question"),
        answers=distinct([written(answer)]) if answer is not None else (),
        answer_type="text",
        kind=", ".join(record.texts("categories", required=False)) or None,
        gold_titles=distinct(page.text("title") for page in pages if page.has("title")),
        decomposition=tuple(step.text("question") for step in steps),
        extra={"answer": answer, "parts": distinct(leaves(answer))} if answer is not None else {},
    )


def written(answer: Any) -> str:
    """An answer as one text."""
    if isinstance(answer, dict):
        return "; ".join(f"{key}: {written(value)}" for key, value in answer.items())
    if isinstance(answer, list):
        return ", ".join(map(written, answer))
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return str(answer)


def leaves(answer: Any) -> Iterator[str]:
    """The texts that an answer consists of: keys and values of objects, members of lists."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield key
            yield from leaves(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from leaves(value)
    else:
        yield written(answer)


def _steps(record: Record) -> Iterator[Record]:
    """The sub-questions, those of a sub-question before the next."""
    for step in record.objects("decomposition", required=False):
        yield step
        yield from _steps(step)
