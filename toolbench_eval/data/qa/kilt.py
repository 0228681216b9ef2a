"""KILT: one form for all its tasks; several outputs, each with the pages it rests on (Petroni et al. 2021)."""

from __future__ import annotations

from dataclasses import replace

from toolbench_eval.data.qa.record import Record, distinct
from toolbench_eval.data.questions import Question


def kilt(record: Record) -> Question:
    """A record of KILT; test records have no output.

    The gold titles are those of the pages of all outputs. `extra` has the `output` as it is, for KILT's own evaluator,
    and `pages`, the ids of those pages in the KILT knowledge source.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    outputs = list(record.objects("output", required=False))
    pages = [page for output in outputs for page in output.objects("provenance", required=False)]
    return Question(
        id=record.text("id"),
        text=record.text("input"),
        answers=distinct(answer for output in outputs for answer in output.answers("answer")),
        gold_titles=tuple(dict.fromkeys(page.text("title") for page in pages if page.has("title"))),
        extra={
            "output": tuple(dict(output.values) for output in outputs),
            "pages": tuple(dict.fromkeys(page.text("wikipedia_id") for page in pages if page.has("wikipedia_id"))),
        },
    )


def wizard_of_wikipedia(record: Record) -> Question:
    """A record of Wizard-of-Wikipedia in KILT's form: the input is the dialogue so far, the answer the next turn.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    return replace(kilt(record), answer_type="text", kind="dialogue")
