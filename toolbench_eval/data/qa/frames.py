"""FRAMES: questions over several Wikipedia pages, named by their links (Krishna et al. 2024)."""

from __future__ import annotations

import ast
from urllib.parse import unquote, urlsplit

from toolbench_eval.data.qa.record import Record, distinct
from toolbench_eval.data.questions import Question


def frames(record: Record) -> Question:
    """A record of FRAMES, from its table (`Prompt`) or from a copy of it (`Question`).

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    links = _links(record)
    return Question(
        id=record.maybe("id") or str(record.row),
        text=record.text("question", "Question", "Prompt"),
        answers=distinct((*record.answers("Answer"), *record.answers("answer"))),
        kind=record.maybe("reasoning_types"),
        gold_titles=distinct(map(page_title, links)),
        extra={"wiki_links": links},
    )


def page_title(link: str) -> str:
    """The title of the page that a link names."""
    return unquote(urlsplit(link.strip()).path.rpartition("/wiki/")[2]).replace("_", " ")


def _links(record: Record) -> tuple[str, ...]:
    """`wiki_links`: a list, or one as Python writes it."""
    value = record.decoded("wiki_links")
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError) as error:
            raise record.fault("is not a list of links", "wiki_links") from error
    if not isinstance(value, list) or not all(isinstance(link, str) for link in value):
        raise record.fault("must be a list of links", "wiki_links")
    return distinct(value)
