"""Which passages of a corpus hold the evidence of a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.ids import positions_of, string_array
from toolbench_eval.data.passages import Passages
from toolbench_eval.data.questions import Question


@dataclass(frozen=True)
class Wanted:
    """A piece of evidence as the record names it.

    Attributes:
        name: Id of the passage in the corpus, empty where only its content is known.
        title: Its title, empty where it has none.
        text: Its text, None where only the title is known.
    """

    name: str = ""
    title: str = ""
    text: str | None = None


@dataclass(frozen=True)
class Coverage:
    """How much of the evidence a corpus holds.

    Attributes:
        wanted: Pieces of evidence of all questions.
        found: Those that are in the corpus.
        questions: Questions with any evidence.
        complete: Those whose evidence is all in the corpus.
    """

    wanted: int = 0
    found: int = 0
    questions: int = 0
    complete: int = 0

    def __str__(self) -> str:
        return (
            f"{self.found:,} of {self.wanted:,} gold passages are in the corpus, "
            f"for {self.complete:,} of {self.questions:,} questions all of them"
        )


def placed(questions: Sequence[Question], passages: Passages) -> tuple[list[Question], Coverage]:
    """Questions whose gold passages are ids of a corpus that is not their own context.

    A passage of a record is the one of the corpus with its title and text, white space not counting; without such,
    the one with its title, if only one has it. A title without a text is the passage of that title, if there is only
    one. An id stands for itself. What is not found is left out of `gold_passages` and counted.

    Args:
        questions: As their formats made them.
        passages: The corpus.
    """
    return _settled(questions, [evidence(question, own=False) for question in questions], passages)


def pooled(questions: Sequence[Question], passages: Passages) -> tuple[list[Question], Coverage]:
    """As `placed`, for the corpus that the contexts of the questions make up: their gold passages are its ids already.

    A gold title that a question's own context lacks may still be that of another question's passage.
    """
    return _settled(questions, [evidence(question, own=True) for question in questions], passages)


def _settled(
    questions: Sequence[Question], wanted: Sequence[Sequence[Wanted]], passages: Passages
) -> tuple[list[Question], Coverage]:
    found = located([one for several in wanted for one in several], passages)
    settled, start, complete = [], 0, 0
    for question, several in zip(questions, wanted, strict=True):
        places = found[start : start + len(several)]
        start += len(several)
        complete += bool(several) and None not in places
        there = tuple(dict.fromkeys(place for place in places if place is not None))
        settled.append(replace(question, gold_passages=there))
    total = Coverage(len(found), sum(one is not None for one in found), sum(map(bool, wanted)), complete)
    return settled, total


def own_coverage(questions: Iterable[Question]) -> Coverage:
    """Coverage where every question searches its own context: a gold title without a passage there is not found."""
    wanted = found = asked = complete = 0
    for question in questions:
        titles = {passage.title for passage in question.context}
        missing = sum(title not in titles for title in question.gold_titles)
        wanted += len(question.gold_passages) + missing
        found += len(question.gold_passages)
        asked += bool(question.gold_passages) or missing > 0
        complete += bool(question.gold_passages) and not missing
    return Coverage(wanted, found, asked, complete)


def evidence(question: Question, *, own: bool) -> list[Wanted]:
    """What a question rests on: its gold passages, and the gold titles that it has no passage for.

    Args:
        question: The question.
        own: Whether the ids of its context hold in the corpus.
    """
    if not question.context and question.gold_passages:
        return [Wanted(name=name) for name in question.gold_passages]
    context = {one.id: one for one in question.context}
    gold = [context[name] for name in question.gold_passages if name in context]
    found = [Wanted(one.id if own else "", one.title, one.text) for one in gold]
    titles = {one.title for one in found}
    return [*found, *(Wanted(title=title) for title in question.gold_titles if title not in titles)]


def located(wanted: Sequence[Wanted], passages: Passages) -> list[str | None]:
    """The id of each piece of evidence in a corpus, None where it is not there (see `placed`)."""
    at = positions_of(string_array(one.name for one in wanted), passages.ids)
    named = [one.name if one.name and place >= 0 else None for one, place in zip(wanted, at, strict=True)]
    open_ = [one for one, name in zip(wanted, named, strict=True) if name is None]
    by_title = _members(passages, passages.titles, {one.title for one in open_ if one.title})
    by_text = _members(passages, passages.texts, {one.text for one in open_ if not one.title and one.text})
    return [
        name or _match(one, by_title.get(one.title, []) if one.title else by_text.get(one.text or "", []))
        for one, name in zip(wanted, named, strict=True)
    ]


def _members(
    passages: Passages, column: pa.LargeStringArray, values: Iterable[str]
) -> dict[str, list[tuple[str, str]]]:
    """Id and text of the passages that have one of these values in a column."""
    chosen = pc.is_in(column, value_set=string_array(sorted(values)))
    at = pa.array(np.flatnonzero(chosen.to_numpy(zero_copy_only=False)))
    found: dict[str, list[tuple[str, str]]] = {}
    rows = zip(column.take(at), passages.ids.take(at), passages.texts.take(at), strict=True)
    for value, name, text in rows:
        found.setdefault(value.as_py(), []).append((name.as_py(), text.as_py()))
    return found


def _match(wanted: Wanted, candidates: list[tuple[str, str]]) -> str | None:
    if wanted.text is not None:
        text = _folded(wanted.text)
        same = next((name for name, other in candidates if _folded(other) == text), None)
        if same is not None:
            return same
    return candidates[0][0] if len(candidates) == 1 else None


def _folded(text: str) -> str:
    return "".join(text.split())
