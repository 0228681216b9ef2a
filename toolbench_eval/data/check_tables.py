"""What `tasks check` finds in the tables of a task or a corpus, beyond what the readers refuse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from toolbench_eval.data.columns import id_faults, is_delimited, repeated_ids, row_number, text_faults
from toolbench_eval.data.documents import part_names, read_part
from toolbench_eval.data.files import is_data_file, read_table
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.labelled import inspect_labels
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.separate import grade_faults, judgment_table, read_judgments
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tasks import TaskData
from toolbench_eval.declarations import Faults
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.registry import OWN_CORPUS
from toolbench_eval.suites import CorpusSource, DocumentColumns, QueryColumns, Suite, TaskRow

NAN = "NaN"
"""What a missing value becomes where pandas writes JSON with it among texts."""


@dataclass(frozen=True)
class KnownDocuments:
    """The ids of a corpus.

    Attributes:
        name: Name of the corpus.
        ids: Ids of its documents.
    """

    name: str
    ids: frozenset[str]


def check_corpus(source: CorpusSource, access: Access) -> tuple[KnownDocuments | None, Faults]:
    """The documents of a corpus and all their faults; None where a part cannot be read."""
    spec, faults = source.spec, []
    place_of: dict[str, str] = {}
    complete, total = True, 0
    for group, name in part_names(source):
        try:
            part = read_part(source, group, name, access)
        except DataError as error:
            complete = False
            if spec.files is not None or not isinstance(error, MissingDataError):
                faults.append(error)
            continue
        found = _document_faults(part.table, spec.columns, part.file)
        faults += found
        total += len(part.table)
        for at, document in enumerate(_texts(part.table, spec.columns.id)):
            if document is not None and place_of.setdefault(document, part.file) != part.file:
                message = f"the id '{document}' stands in {place_of[document]}, too"
                row = row_number(part.file, at)
                faults.append(DataError(message, file=part.file, row=row, field=spec.columns.id))
    if not complete:
        return None, faults
    if spec.documents not in (None, total):
        message = f"the declaration says {spec.documents} documents, there are {total}"
        faults.append(DataError(message, file=_declaration(source), field="documents"))
    return KnownDocuments(spec.name, frozenset(place_of)), faults


def check_labelled(suite: Suite, row: TaskRow, documents: KnownDocuments | None) -> Faults:
    """All faults of a task whose queries carry their labels.

    Raises:
        DataError: The file cannot be read.
    """
    path = _queries_path(suite, row)
    file, table, columns = str(path), read_table(path), suite.spec.columns
    tolerated = suite.spec.tolerate
    faults = _query_faults(table, columns, file, unique="duplicate-queries" not in tolerated)
    labels, found = inspect_labels(table, columns, file, allow_empty="empty-labels" in tolerated)
    faults += found
    for at, one in enumerate(labels):
        for document in one.documents:
            faults += _nowhere(document, documents, file, row_number(file, at), columns.labels)
    if not found:  # wrong labels are not counted, so the numbers would be wrong, too
        labelled = sum(bool(one.documents) for one in labels) if "empty-labels" in tolerated else len(labels)
        faults += _count_faults(suite, row, labelled, sum(len(one.documents) for one in labels))
    return faults


def check_separate(suite: Suite, row: TaskRow, documents: KnownDocuments | None) -> Faults:
    """All faults of a task whose judgments are in a file of their own.

    Raises:
        DataError: A file cannot be read.
    """
    files = suite.spec.files
    path = _queries_path(suite, row)
    table, columns = read_table(path), suite.spec.columns
    faults = _query_faults(table, columns, str(path))
    queries = KnownDocuments(path.name, frozenset(filter(None, _texts(table, columns.id))))
    judgments = suite.folder / str(files.qrels if files else "").replace("{task}", row.task)
    if not is_data_file(judgments.name):
        qrels = read_judgments(judgments)
        faults += _qrels_faults(qrels, str(judgments), queries, documents)
        return [*faults, *_count_faults(suite, row, len(qrels), len(qrels.documents))]
    found, pairs = _judgment_faults(judgments, queries, documents)
    faults += found
    return faults if found else [*faults, *_count_faults(suite, row, len({query for query, _ in pairs}), len(pairs))]


def check_units(suite: Suite, row: TaskRow, task: TaskData, documents: KnownDocuments | None) -> Faults:
    """What can be said of a task that was loaded: labels that point nowhere, counts."""
    faults: Faults = []
    for unit in task.units:
        known = documents
        if unit.corpus is not None:
            known = KnownDocuments(unit.corpus.key, frozenset(unit.corpus.corpus.ids.to_pylist()))
        faults += _qrels_faults(unit.qrels, f"{task.origin.location} ({row.task})", None, known)
    return [*faults, *_count_faults(suite, row, len(task.queries), len(task.qrels.documents))]


def _document_faults(table: pa.Table, columns: DocumentColumns, file: str) -> Faults:
    faults = [*_id_faults(table, columns.id, file), *_text_faults(table, columns.text, file)]
    texts, titles = _texts(table, columns.text), _texts(table, columns.title)
    for at, (text, title) in enumerate(zip(texts, titles, strict=True)):
        if text is not None and not text.strip() and not (title or "").strip():
            faults.append(DataError("the text is empty", file=file, row=row_number(file, at), field=columns.text))
    return faults


def _query_faults(table: pa.Table, columns: QueryColumns, file: str, *, unique: bool = True) -> Faults:
    """Faults of queries; an empty text is one unless the row has an instruction (as one query of ToolRet does)."""
    faults = [*_id_faults(table, columns.id, file, unique=unique), *_text_faults(table, columns.query, file)]
    if columns.instruction is not None and columns.instruction in table.column_names:
        faults += _text_faults(table, columns.instruction, file, nullable=True)
    texts, instructions = _texts(table, columns.query), _texts(table, columns.instruction)
    for at, (text, instruction) in enumerate(zip(texts, instructions, strict=True)):
        if text is not None and not text.strip() and not (instruction or "").strip():
            message = "the query is empty and has no instruction"
            faults.append(DataError(message, file=file, row=row_number(file, at), field=columns.query))
    return faults


def _id_faults(table: pa.Table, name: str, file: str, *, unique: bool = True) -> Faults:
    if not len(table):
        return [DataError("holds no record", file=file)]
    faults = [*id_faults(table, name, file), *_nan_faults(table, name, file)]
    if unique and name in table.column_names:
        faults += repeated_ids(string_array(table[name]), name, file)
    return faults


def _text_faults(table: pa.Table, name: str, file: str, *, nullable: bool = False) -> Faults:
    if not len(table):
        return []
    return [*text_faults(table, name, file, nullable=nullable), *_nan_faults(table, name, file)]


def _nan_faults(table: pa.Table, name: str, file: str) -> Faults:
    if is_delimited(file):
        return []
    return [
        DataError("the value is missing (NaN)", file=file, row=row_number(file, at), field=name)
        for at, text in enumerate(_texts(table, name))
        if text == NAN
    ]


def _texts(table: pa.Table, name: str | None) -> list[str | None]:
    """A column as texts, for a second look after its own faults were told; all null where it is no such column."""
    none: list[str | None] = [None] * len(table)
    if name is None or name not in table.column_names:
        return none
    kind = table[name].type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)):
        return none
    texts: list[str | None] = string_array(table[name]).to_pylist()
    return texts


def _nowhere(document: str, documents: KnownDocuments | None, file: str, row: int | None, field: str) -> Faults:
    if documents is None or document in documents.ids:
        return []
    message = f"the document '{document}' is not in the corpus '{documents.name}'"
    return [DataError(message, file=file, row=row, field=field)]


def _qrels_faults(qrels: Qrels, file: str, queries: KnownDocuments | None, documents: KnownDocuments | None) -> Faults:
    faults: Faults = []
    if queries is not None:
        lost = [name for name in qrels.query_ids.to_pylist() if name not in queries.ids]
        faults += [DataError(f"the query '{name}' is not in {queries.name}", file=file) for name in lost]
    for document in qrels.doc_ids.to_pylist():
        faults += _nowhere(document, documents, file, None, "document")
    return faults


def _judgment_faults(
    path: Path, queries: KnownDocuments, documents: KnownDocuments | None
) -> tuple[Faults, list[tuple[str, str]]]:
    """Faults of a table of judgments, and its (query, document) pairs."""
    table, (query, document, grade) = judgment_table(path)
    file, seen = str(path), set[tuple[str, str]]()
    faults = [
        *id_faults(table, query, file),
        *id_faults(table, document, file),
        *grade_faults(table[grade], path, grade),
    ]
    for at, pair in enumerate(zip(_texts(table, query), _texts(table, document), strict=True)):
        number = row_number(file, at)
        if pair[0] and pair[0] not in queries.ids:
            message = f"the query '{pair[0]}' is not in {queries.name}"
            faults.append(DataError(message, file=file, row=number, field=query))
        faults += _nowhere(pair[1], documents, file, number, document) if pair[1] else []
        if pair in seen:
            message = "the document is judged twice for the query"
            faults.append(DataError(message, file=file, row=number, field=document))
        if pair[0] is not None and pair[1] is not None:
            seen.add((pair[0], pair[1]))
    return faults, sorted(seen)


def _count_faults(suite: Suite, row: TaskRow, queries: int, labels: int) -> Faults:
    declared = [("queries", row.queries, queries), ("qrels", row.qrels, labels)]
    return [
        DataError(f"'{row.task}': the table says {expected} {name}, there are {found}", file=_table(suite), field=name)
        for name, expected, found in declared
        if expected not in (None, found)
    ]


def _declaration(source: CorpusSource) -> Path:
    named = source.folder / f"{source.spec.name}.toml"
    return named if named.is_file() else source.folder / OWN_CORPUS


def _table(suite: Suite) -> Path:
    return suite.folder / ("suite.toml" if suite.spec.tasks else suite.spec.table)


def _queries_path(suite: Suite, row: TaskRow) -> Path:
    return suite.folder / str(suite.spec.files.queries if suite.spec.files else "").replace("{task}", row.task)
