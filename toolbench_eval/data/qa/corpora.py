"""Corpora of passages from files, in the layouts that question answering has for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from toolbench_eval.data.columns import row_number
from toolbench_eval.data.documents import part_names, read_part
from toolbench_eval.data.files import kind_of, read_table
from toolbench_eval.data.ids import duplicates, string_array
from toolbench_eval.data.passages import Passages
from toolbench_eval.data.qa.delimited import read_delimited
from toolbench_eval.data.qa.pool import stable_ids
from toolbench_eval.data.qa.reading import read_values
from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tasks import Origin
from toolbench_eval.errors import DataError
from toolbench_eval.suites import CorpusSource

IDS = ("id", "_id", "docid", "doc_id", "pid", "idx", "wikipedia_id")
TITLES = ("title", "wikipedia_title")
TEXTS = ("text", "contents", "content", "paragraph_text", "passage")

BLOCK = 100
"""Words of a block that a long document is cut into, as for `psgs_w100` (Karpukhin et al. 2020, section 4.1)."""

BATCH = 1 << 16

Fields = tuple[str | None, str, str]
"""Id, title and text of a passage."""


def read_passages(path: Path) -> Passages:
    """A corpus from one file.

    | layout | id | title | text |
    |---|---|---|---|
    | object with `text`, `contents` or `content` | `id`, `_id`, ... | `title` | as it is, or its sentences joined |
    | FlashRAG: `id`, `contents` | `id` | first line, without quotes | the other lines |
    | HippoRAG: `[title, [sentence, ...]]` | - | title | sentences joined with nothing between |
    | StrategyQA: `title`, `para_index`, `contents` or `content` | `title-para_index` | `title` | as it is |
    | KILT: `wikipedia_id`, `wikipedia_title`, `text` | `wikipedia_id` | `wikipedia_title` | paragraphs joined |
    | LiHua-World: `path`, `text` | name of the file without its ending | - | as it is |
    | GraphRAG-Bench: `corpus_name`, `context` | - | `corpus_name` | blocks of 100 words |
    | TSV or CSV, Parquet: columns of these names (`psgs_w100.tsv`) | as above | as above | as above |

    A passage without an id of its own gets its title, or, where several share a title or have none, title, `#` and a
    number from 1.

    Raises:
        MissingDataError: There is no such file.
        DataError: A passage has no text, an id stands twice, or only some have one.
    """
    kind = kind_of(path.name)[0]
    if kind in (".tsv", ".csv", ".parquet"):
        table = read_table(path) if kind == ".parquet" else read_delimited(path)
        return from_table(table, str(path), IDS, TITLES, TEXTS)
    columns = _Columns()
    for row, value in read_values(path):
        for fields in _fields(value, str(path), row):
            columns.add(fields)
    ids, titles, texts = columns.arrays()
    return _checked(ids, titles, texts, str(path))


def from_table(table: pa.Table, file: str, ids: Sequence[str], titles: Sequence[str], texts: Sequence[str]) -> Passages:
    """A corpus from the columns of a table, of each kind the first that is there.

    Args:
        table: The table.
        file: Where it is from, for messages.
        ids: Names that the column of ids may have.
        titles: Names that the column of titles may have.
        texts: Names that the column of texts may have.

    Raises:
        DataError: There is no column of texts, or it holds a null.
    """
    there = set(table.column_names)
    name, title, text = (next((one for one in names if one in there), None) for names in (ids, titles, texts))
    if text is None:
        raise DataError(f"needs a column {' or '.join(texts)}; found {', '.join(table.column_names)}", file=file)
    if table[text].null_count:
        row = row_number(file, int(np.flatnonzero(table[text].is_null().to_numpy())[0]))
        raise DataError("the value is missing (null)", file=file, row=row, field=text)
    empty = pa.array([""], pa.large_string()).take(pa.array(np.zeros(len(table), dtype=np.int64)))
    headings = empty if title is None else string_array(table[title]).fill_null("")
    names = pa.nulls(len(table), pa.large_string()) if name is None else string_array(table[name])
    return _checked(names, headings, string_array(table[text]), file)


@dataclass
class _Columns:
    """Columns that grow; rows become Arrow arrays by the batch, so that no more of them are Python objects."""

    _rows: list[Fields] = field(default_factory=list)
    _parts: list[list[pa.LargeStringArray]] = field(default_factory=list)

    def add(self, fields: Fields) -> None:
        self._rows.append(fields)
        if len(self._rows) == BATCH:
            self._flush()

    def arrays(self) -> list[pa.LargeStringArray]:
        self._flush()
        return [pa.concat_arrays(parts) for parts in zip(*self._parts, strict=True)]

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        self._parts.append([string_array(column) for column in columns])
        self._rows.clear()


def _checked(ids: pa.LargeStringArray, titles: pa.LargeStringArray, texts: pa.LargeStringArray, file: str) -> Passages:
    if ids.null_count == len(ids):
        return Passages(string_array(stable_ids(titles.to_pylist())), titles, texts)
    if ids.null_count:
        row = row_number(file, int(np.flatnonzero(ids.is_null().to_numpy(zero_copy_only=False))[0]))
        raise DataError("has no id although other passages have one", file=file, row=row, field="id")
    if len(again := duplicates(ids)):
        message = f"the id '{ids[again[0]]}' stands twice"
        raise DataError(message, file=file, row=row_number(file, int(again[0])), field="id")
    return Passages(ids, titles, texts)


def _fields(value: Any, file: str, row: int) -> Iterator[Fields]:
    if isinstance(value, list):
        yield _titled(value, file, row)
        return
    if not isinstance(value, dict):
        raise DataError(f"must be a passage, found {described(value)}", file=file, row=row)
    record = Record(value, file, row)
    if record.has("corpus_name") and record.has("context"):
        title, words = record.text("corpus_name"), record.text("context").split()
        yield from ((None, title, " ".join(words[at : at + BLOCK])) for at in range(0, len(words), BLOCK))
    elif record.has("path"):
        yield PurePosixPath(record.text("path")).stem, "", record.text(*TEXTS)
    else:
        yield _passage(record)


def _titled(value: list[Any], file: str, row: int) -> Fields:
    if len(value) == 2 and isinstance(value[0], str):
        title, text = value
        if isinstance(text, str):
            return None, title, text
        if isinstance(text, list) and all(isinstance(sentence, str) for sentence in text):
            return None, title, "".join(text)
    raise DataError(f"must be [title, text] or [title, [sentence, ...]], found {described(value)}", file=file, row=row)


def _passage(record: Record) -> Fields:
    title, name = record.maybe(*TITLES), record.maybe(*IDS)
    source = record.first(*TEXTS)
    text = "".join(record.texts(source)) if isinstance(record.values[source], list) else record.text(source)
    if title is not None and record.has("para_index"):
        return f"{title}-{record.number('para_index')}", title, text
    if title is None and source == "contents":
        title, line, rest = text.partition("\n")
        return (name, title.strip().strip('"'), rest) if line else (name, "", text)
    return name, title or "", text


def named_passages(source: CorpusSource, access: Access) -> tuple[Passages, Origin]:
    """A declared corpus, and where it came from.

    The declaration names the columns; a column `title` is the title unless another is named.

    Raises:
        MissingDataError: The place that was asked does not have it.
        HubError: The hub failed.
        DataError: A passage is wrong; names file and row.
    """
    columns, parts, origin = source.spec.columns, [], Origin("files", str(source.folder))
    for group, name in part_names(source):
        part = read_part(source, group, name, access)
        origin = part.origin
        titles = [columns.title] if columns.title is not None else list(TITLES)
        parts.append(from_table(part.table, part.file, [columns.id], titles, [columns.text]))
    columns_of = [pa.concat_arrays([getattr(part, name) for part in parts]) for name in ("ids", "titles", "texts")]
    return _checked(columns_of[0], columns_of[1], columns_of[2], source.spec.name), origin
