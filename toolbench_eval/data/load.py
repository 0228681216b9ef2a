"""Loading what a suite declares: its corpus, and the queries and qrels of a task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.files import read_table
from toolbench_eval.data.ids import duplicates, positions_of, string_array
from toolbench_eval.data.labelled import read_labels, read_queries, text_column
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.separate import read_judgments
from toolbench_eval.data.sources import Access, HubSplit, load_split
from toolbench_eval.errors import DataError
from toolbench_eval.suites import CorpusSource, DocumentColumns, Suite, TaskRow


@dataclass(frozen=True)
class Origin:
    """Where data came from, for the result's provenance.

    Attributes:
        kind: `mirror`, `cache`, `hub` or `files`.
        location: Repository or folder; never a part of a result's identity.
        revision: Revision on the hub, where there is one.
    """

    kind: str
    location: str
    revision: str | None = None


@dataclass(frozen=True, eq=False)
class TaskData:
    """A task ready to be evaluated.

    Attributes:
        row: The task's row in the suite's table.
        queries: Its queries.
        qrels: Its judgments, over the same query ids in the same order.
        origin: Where they came from.
    """

    row: TaskRow
    queries: Queries
    qrels: Qrels
    origin: Origin

    def head(self, n: int) -> TaskData:
        """The first n queries and their judgments."""
        return TaskData(self.row, self.queries.head(n), self.qrels.head(n), self.origin)


@dataclass(frozen=True, eq=False)
class LoadedCorpus:
    """A corpus and where it came from."""

    corpus: Corpus
    origin: Origin


def load_task_data(suite: Suite, row: TaskRow, access: Access) -> TaskData:
    """Load the queries and judgments of one task.

    Raises:
        MissingDataError: The place that was asked does not have them.
        HubError: The hub failed.
        DataError: A record is wrong; names file, row and field.
    """
    hub, files, columns = suite.spec.hub, suite.spec.files, suite.spec.columns
    if hub is not None:
        split = HubSplit(hub.repo, hub.config.replace("{task}", row.task), hub.split, hub.revision)
        loaded = load_split(split, access)
        file = f"{loaded.location} ({split.config})"
        queries = read_queries(loaded.table, columns, file)
        qrels = read_labels(loaded.table, columns, queries.ids, file)
        return TaskData(row, queries, qrels, Origin(loaded.origin, loaded.location, loaded.revision))
    if files is None:
        raise DataError("a suite has exactly one of [hub] and [files]", file=suite.folder)
    path = suite.folder / files.queries.replace("{task}", row.task)
    table = read_table(path)
    queries = read_queries(table, columns, str(path))
    if files.qrels is None:
        qrels = read_labels(table, columns, queries.ids, str(path))
        return TaskData(row, queries, qrels, Origin("files", str(path)))
    qrels_path = suite.folder / files.qrels.replace("{task}", row.task)
    queries, qrels = _joined(queries, read_judgments(qrels_path), path, qrels_path)
    return TaskData(row, queries, qrels, Origin("files", str(qrels_path)))


def _joined(queries: Queries, qrels: Qrels, path: Path, qrels_path: Path) -> tuple[Queries, Qrels]:
    """Keep the judged queries, in the order of the judgments."""
    at = positions_of(qrels.query_ids, queries.ids)
    if len(lost := np.flatnonzero(at < 0)):
        raise DataError(f"the query '{qrels.query_ids[lost[0]]}' is judged but {path.name} lacks it", file=qrels_path)
    take = pa.array(at)
    instructions = None if queries.instructions is None else queries.instructions.take(take)
    return Queries(qrels.query_ids, queries.texts.take(take), instructions), qrels


def load_corpus(source: CorpusSource, access: Access) -> LoadedCorpus:
    """Load all documents of a corpus.

    Raises:
        MissingDataError: The place that was asked does not have it.
        HubError: The hub failed.
        DataError: A record is wrong; names file, row and field.
    """
    parts: list[tuple[str | None, pa.Table, str, Origin]] = []
    if (hub := source.spec.hub) is not None:
        for config in hub.configs:
            loaded = load_split(HubSplit(hub.repo, config, hub.split, hub.revision), access)
            origin = Origin(loaded.origin, loaded.location, loaded.revision)
            parts.append((config, loaded.table, f"{loaded.location} ({config})", origin))
    else:
        files = source.spec.files or {}
        named = files.items() if isinstance(files, dict) else ((None, name) for name in files)
        for group, name in named:
            path = source.folder / name
            parts.append((group, read_table(path), str(path), Origin("files", str(path.parent))))
    corpora = [_documents(table, source.spec.columns, file, group) for group, table, file, _ in parts]
    corpus = corpora[0] if len(corpora) == 1 else _concatenated(corpora)
    if len(again := duplicates(corpus.ids)):
        raise DataError(f"the document id '{corpus.ids[again[0]]}' stands twice in the corpus", file=source.spec.name)
    return LoadedCorpus(corpus, parts[0][3])


def _documents(table: pa.Table, columns: DocumentColumns, file: str, group: str | None) -> Corpus:
    ids = text_column(table, columns.id, file)
    texts = text_column(table, columns.text, file)
    if columns.title is not None and columns.title in table.column_names:
        titles = pc.fill_null(text_column(table, columns.title, file, nullable=True), "")
        texts = pc.if_else(pc.equal(titles, ""), texts, pc.binary_join_element_wise(titles, texts, " "))
    if len(again := duplicates(ids)):
        raise DataError(f"the id '{ids[again[0]]}' stands twice", file=file, row=int(again[0]) + 1, field=columns.id)
    groups = None if group is None else string_array([group]).take(pa.array(np.zeros(len(ids), dtype=np.int64)))
    return Corpus(ids, texts, groups)


def _concatenated(corpora: list[Corpus]) -> Corpus:
    groups = [corpus.groups for corpus in corpora]
    return Corpus(
        pa.concat_arrays([corpus.ids for corpus in corpora]),
        pa.concat_arrays([corpus.texts for corpus in corpora]),
        None if any(group is None for group in groups) else pa.concat_arrays(groups),
    )
