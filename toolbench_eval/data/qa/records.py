"""Where the records of a task are, and their questions one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from toolbench_eval.data.qa.formats import AUTO, FORMATS, chosen, detected
from toolbench_eval.data.qa.reading import read_records, table_records
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.qa.two_wiki import aliases_beside, read_aliases, with_aliases
from toolbench_eval.data.qa.typed import typed
from toolbench_eval.data.questions import Question
from toolbench_eval.data.sources import Access, HubSplit, load_split
from toolbench_eval.data.tasks import Origin
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.suites import QuestionRow, Suite


@dataclass(frozen=True)
class Records:
    """The records of a task; they can be read once.

    Attributes:
        records: The records.
        format: Name of their format.
        origin: Where they came from.
        aliases: File with the names of Wikidata entities, where the format has such and it lies beside the records.
    """

    records: Iterator[Record]
    format: str
    origin: Origin
    aliases: Path | None = None

    def questions(self, row: QuestionRow) -> Iterator[tuple[Record, Question]]:
        """The records and their questions.

        Raises:
            DataError: A record is wrong; names file, row and field.
        """
        read = FORMATS[self.format]
        names = read_aliases(self.aliases) if self.aliases is not None else {}
        for record in self.records:
            question = read(record)
            yield record, typed(with_aliases(question, names) if names else question, row.answer_type, record)


def open_records(suite: Suite, row: QuestionRow, access: Access, source: Path | None = None) -> Records:
    """The records of a task: of the given file, else of the row's own file or data set.

    The format of a given file is told from its first record; the row's own format counts if it is a variety of that
    one.

    Raises:
        MissingDataError: There is no such file, or the row names none and none is given.
        DataError: There is no record, or its format is not known.
        HubError: The hub failed.
    """
    if source is not None:
        return _of_file(source, row.format, detect=True)
    if row.file is not None:
        return _of_file(suite.folder / row.file, row.format, detect=row.format == AUTO)
    if row.repo is None:
        message = "is not on the hub: give its official file with --source FILE (docs/question-answering.md)"
        raise MissingDataError(message, file=f"{suite.name}/{row.task}")
    loaded = load_split(HubSplit(row.repo, row.config, row.split or "", row.revision), access)
    place = f"{loaded.location} ({row.config or 'default'}, {row.split})"
    first, records = _begun(table_records(loaded.table, place), place)
    name = detected(first) if row.format == AUTO else row.format
    return Records(records, name, Origin(loaded.origin, loaded.location, loaded.revision))


def _of_file(path: Path, declared: str, *, detect: bool) -> Records:
    first, records = _begun(read_records(path), str(path))
    name = chosen(declared, first) if detect else declared
    aliases = aliases_beside(path) if name == "2wikimultihopqa" else None
    return Records(records, name, Origin("files", str(path)), aliases)


def _begun(records: Iterator[Record], place: str) -> tuple[Record, Iterator[Record]]:
    first = next(records, None)
    if first is None:
        raise DataError("holds no record", file=place)
    return first, chain([first], records)
