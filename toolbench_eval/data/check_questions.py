"""What `tasks check` finds in the records of a question answering task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.data.passages import Passages
from toolbench_eval.data.qa.corpora import named_passages
from toolbench_eval.data.qa.formats import FORMATS
from toolbench_eval.data.qa.gold import Wanted, evidence, located
from toolbench_eval.data.qa.load import CONTEXT
from toolbench_eval.data.qa.pool import Pool
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.qa.records import Records, open_records
from toolbench_eval.data.qa.typed import typed
from toolbench_eval.data.questions import Question
from toolbench_eval.data.sources import Access
from toolbench_eval.declarations import Faults
from toolbench_eval.errors import DataError, MissingDataError, UnknownNameError
from toolbench_eval.registry import Registry
from toolbench_eval.suites import QuestionRow, Suite


@dataclass(frozen=True)
class _Asked:
    """A question and its record."""

    question: Question
    record: Record


def check_questions(suite: Suite, row: QuestionRow, access: Access, registry: Registry) -> Faults:
    """All faults of a question answering task: of its records, and of the passages that they name.

    Data on the hub is looked at where it is at hand; a task that takes its records from `--source` has none.

    Raises:
        DataError: The records cannot be read at all.
    """
    try:
        records = open_records(suite, row, access)
    except MissingDataError as error:
        return [error] if row.file is not None else []
    asked, faults = _read(records, row)
    seen: set[str] = set()
    for one in asked:
        faults += _question_faults(one, seen)
    if row.queries is not None and not faults and row.queries != len(asked):
        message = f"'{row.task}': the table says {row.queries} queries, there are {len(asked)}"
        faults.append(DataError(message, file=_table(suite), field="queries"))
    return [*faults, *_gold_faults(suite, row, access, registry, asked)]


def _read(records: Records, row: QuestionRow) -> tuple[list[_Asked], Faults]:
    """The questions of the records that are well made, and what is wrong with the others."""
    read = FORMATS[records.format]
    asked: list[_Asked] = []
    faults: Faults = []
    for record in records.records:
        try:
            asked.append(_Asked(typed(read(record), row.answer_type, record), record))
        except DataError as error:
            faults.append(error)
    return asked, faults


def _question_faults(asked: _Asked, seen: set[str]) -> Iterator[DataError]:
    question, record = asked.question, asked.record
    if question.id in seen:
        yield record.fault(f"the id '{question.id}' stands twice", "id")
    seen.add(question.id)
    if not question.id.strip():
        yield record.fault("the id is empty", "id")
    if not question.text.strip():
        yield record.fault("the question is empty", "question")
    if not question.answers:
        yield record.fault("there is no answer, or only empty ones", "answer")
    titles = {passage.id: passage.title for passage in question.context}
    lengths = {titles[name]: len(split) for name, split in question.sentences.items()}
    for title, number in question.gold_sentences:
        if title in lengths and not 0 <= number < lengths[title]:
            message = f"'{title}' has {lengths[title]} sentences, so there is no sentence {number} (from 0)"
            yield record.fault(message, "supporting_facts")


def _gold_faults(
    suite: Suite, row: QuestionRow, access: Access, registry: Registry, asked: list[_Asked]
) -> Iterator[DataError]:
    """Evidence that is in no passage of the corpus."""
    if row.corpus == CONTEXT:
        pool = Pool()
        kept = [pool.add(one.question) for one in asked]
        wanted = [evidence(pool.filled(question, numbers), own=True) for question, numbers in kept]
        passages = pool.corpus()
    elif row.corpus:
        try:
            passages = _named(suite, row.corpus, access, registry)
        except UnknownNameError as error:
            yield DataError(str(error), file=_table(suite), field="corpus")
            return
        except DataError:  # told where the corpus itself is looked at
            return
        wanted = [evidence(one.question, own=False) for one in asked]
    else:
        return
    owners = [one.record for one, pieces in zip(asked, wanted, strict=True) for _ in pieces]
    pieces = [piece for several in wanted for piece in several]
    for record, piece, place in zip(owners, pieces, located(pieces, passages), strict=True):
        if place is None:
            yield record.fault(_nowhere(piece), "gold_passages")


def _named(suite: Suite, name: str, access: Access, registry: Registry) -> Passages:
    return named_passages(registry.corpus(name, suite), access)[0]


def _nowhere(piece: Wanted) -> str:
    if piece.name or not piece.title:
        return f"the gold passage '{piece.name or str(piece.text)[:60]}' is not in the corpus"
    return f"the corpus has not exactly one passage with the gold title '{piece.title}'"


def _table(suite: Suite) -> Path:
    return suite.folder / ("suite.toml" if suite.spec.tasks else suite.spec.table)
