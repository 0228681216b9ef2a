"""Loading corpora: documents of hub data sets and of files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.columns import id_column, repeated_ids, text_column
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.files import read_table
from toolbench_eval.data.ids import duplicates, string_array
from toolbench_eval.data.shelf import CorpusHandle, Shelf
from toolbench_eval.data.sources import Access, HubSplit, load_split
from toolbench_eval.data.tasks import Origin
from toolbench_eval.errors import DataError
from toolbench_eval.suites import CorpusSource, DocumentColumns


@dataclass(frozen=True, eq=False)
class LoadedCorpus:
    """A corpus and where it came from."""

    corpus: Corpus
    origin: Origin


@dataclass(frozen=True, eq=False)
class Part:
    """One table of a corpus.

    Attributes:
        group: What the documents' group is called, None where the corpus is not in groups.
        table: The documents.
        file: Where they are from, for messages.
        origin: The same, for the result's provenance.
    """

    group: str | None
    table: pa.Table
    file: str
    origin: Origin


def load_corpus(source: CorpusSource, access: Access) -> LoadedCorpus:
    """Load all documents of a corpus.

    Raises:
        MissingDataError: The place that was asked does not have it.
        HubError: The hub failed.
        DataError: A record is wrong; names file, row and field.
    """
    parts = [read_part(source, group, name, access) for group, name in part_names(source)]
    corpora = [read_documents(part.table, source.spec.columns, part.file, part.group) for part in parts]
    corpus = corpora[0] if len(corpora) == 1 else _concatenated(corpora)
    if len(again := duplicates(corpus.ids)):
        raise DataError(f"the document id '{corpus.ids[again[0]]}' stands twice in the corpus", file=source.spec.name)
    return LoadedCorpus(corpus, parts[0].origin)


def part_names(source: CorpusSource) -> list[tuple[str | None, str]]:
    """Group and name of each part of a corpus: the configs of its data set, or its files."""
    if source.spec.hub is not None:
        return [(config, config) for config in source.spec.hub.configs]
    files = source.spec.files or {}
    return list(files.items()) if isinstance(files, dict) else [(None, name) for name in files]


def read_part(source: CorpusSource, group: str | None, name: str, access: Access) -> Part:
    """Read one part of a corpus. Errors as `load_corpus`."""
    if (hub := source.spec.hub) is not None:
        loaded = load_split(HubSplit(hub.repo, name, hub.split, hub.revision), access)
        origin = Origin(loaded.origin, loaded.location, loaded.revision)
        return Part(group, loaded.table, f"{loaded.location} ({name})", origin)
    path = source.folder / name
    return Part(group, read_table(path), str(path), Origin("files", str(path.parent)))


def split_documents(
    split: HubSplit, columns: DocumentColumns, access: Access, shelf: Shelf, *, keep_first: bool
) -> CorpusHandle:
    """A handle of the documents of one split of a hub data set; nothing is read yet.

    Args:
        split: Where they are.
        columns: Names of the columns.
        access: Where data may come from.
        shelf: Where they are kept.
        keep_first: Whether of documents with one id the first stays, or such are refused.
    """

    def load() -> Corpus:
        loaded = load_split(split, access)
        file = f"{loaded.location} ({split.config}, {split.split})"
        return read_documents(loaded.table, columns, file, keep_first=keep_first)

    return CorpusHandle(f"{split.repo}/{split.config}/{split.split}", load, shelf)


def read_documents(
    table: pa.Table, columns: DocumentColumns, file: str, group: str | None = None, *, keep_first: bool = False
) -> Corpus:
    """The documents of a table.

    Raises:
        DataError: A column is missing, an id is empty or stands twice, a text is not a string.
    """
    ids, texts = id_column(table, columns.id, file), document_texts(table, columns, file)
    groups = None if group is None else string_array([group]).take(pa.array(np.zeros(len(ids), dtype=np.int64)))
    corpus = Corpus(ids, texts, groups)
    again = duplicates(ids)
    if len(again) and not keep_first:
        raise repeated_ids(ids, columns.id, file)[0]
    return corpus.take(np.setdiff1d(np.arange(len(ids)), again)) if len(again) else corpus


def document_texts(table: pa.Table, columns: DocumentColumns, file: str) -> pa.LargeStringArray:
    """The texts of documents, with their titles in front where they have any.

    Raises:
        DataError: A column is missing or is not text, or a text is null.
    """
    texts = text_column(table, columns.text, file)
    if columns.title is None or columns.title not in table.column_names:
        return texts
    titles = pc.fill_null(text_column(table, columns.title, file, nullable=True), "")
    both = pc.binary_join_element_wise(titles, texts, pa.scalar(" ", pa.large_string()))
    return pc.if_else(pc.equal(titles, ""), texts, both)


def _concatenated(corpora: list[Corpus]) -> Corpus:
    groups = [corpus.groups for corpus in corpora]
    return Corpus(
        pa.concat_arrays([corpus.ids for corpus in corpora]),
        pa.concat_arrays([corpus.texts for corpus in corpora]),
        None if any(group is None for group in groups) else pa.concat_arrays(groups),
    )
