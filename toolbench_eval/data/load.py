"""Loading the queries and judgments of a task, as its suite declares them."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.documents import LoadedCorpus, load_corpus, split_documents
from toolbench_eval.data.files import read_table
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.labelled import read_labels, read_queries
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.separate import read_judgments
from toolbench_eval.data.shelf import Shelf
from toolbench_eval.data.sources import Access, HubSplit, available, load_split
from toolbench_eval.data.tasks import Origin, TaskData, Unit
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.suites import HubQueries, Suite, TaskRow

__all__ = ["LoadedCorpus", "Origin", "TaskData", "Unit", "load_corpus", "load_task_data"]


def load_task_data(suite: Suite, row: TaskRow, access: Access, shelf: Shelf | None = None) -> TaskData:
    """Load the queries and judgments of one task.

    Args:
        suite: The task's suite.
        row: The task's row in the suite's table.
        access: Where data may come from.
        shelf: Where corpora are kept that the task brings along.

    Raises:
        MissingDataError: The place that was asked does not have them.
        HubError: The hub failed.
        DataError: A record is wrong; names file, row and field.
    """
    if suite.spec.hub is not None:
        return _from_hub(suite, suite.spec.hub, row, access, shelf or Shelf())
    return _from_files(suite, row)


def _from_hub(suite: Suite, hub: HubQueries, row: TaskRow, access: Access, shelf: Shelf) -> TaskData:
    config = hub.config.replace("{task}", row.task)
    splits = _splits(hub, config, access)
    units: list[Unit] = []
    notes: list[str] = []
    origin = Origin("hub", hub.repo)
    for split in splits:
        loaded = load_split(HubSplit(hub.repo, config, split, hub.revision), access)
        origin = Origin(loaded.origin, loaded.location, loaded.revision)
        unit, mended = _unit(suite, loaded.table, f"{loaded.location} ({config})", split)
        notes += mended
        if hub.documents is not None:
            unit = _with_documents(unit, suite, row, access, shelf)
        units.append(_named(unit, hub) if len(splits) > 1 else unit)
    return TaskData(row, tuple(units), origin, tuple(notes))


def _splits(hub: HubQueries, config: str, access: Access) -> list[str]:
    if not any(sign in hub.split for sign in "*?["):
        return [hub.split]
    there = available(hub.repo, hub.revision, access).get(config)
    if there is None:
        raise MissingDataError(f"there is no config '{config}'", file=hub.repo)
    found = sorted(split for split in there if fnmatchcase(split, hub.split))
    if not found:
        raise MissingDataError(f"config '{config}' has no split '{hub.split}'; found {', '.join(there)}", file=hub.repo)
    return found


def _unit(suite: Suite, table: pa.Table, file: str, split: str) -> tuple[Unit, list[str]]:
    columns, tolerated = suite.spec.columns, suite.spec.tolerate
    queries, notes = read_queries(table, columns, file, rename="duplicate-queries" in tolerated)
    qrels = read_labels(table, columns, queries.ids, file, allow_empty="empty-labels" in tolerated)
    labelled = np.flatnonzero(qrels.lengths > 0)
    if len(labelled) < len(queries):
        notes.append(f"{file}: {len(queries) - len(labelled)} queries without a label are left out")
        queries = queries.take(labelled)
        qrels = replace(qrels, query_ids=queries.ids, indptr=np.append(0, qrels.indptr[labelled + 1]))
    return Unit(split, queries, qrels), notes


def _with_documents(unit: Unit, suite: Suite, row: TaskRow, access: Access, shelf: Shelf) -> Unit:
    hub = suite.spec.hub
    if hub is None or hub.documents is None:
        return unit
    place, (old, new) = hub.documents, hub.documents.split_suffix
    split = HubSplit(
        place.repo, place.config.replace("{task}", row.task), unit.split.removesuffix(old) + new, place.revision
    )
    columns, keep_first = suite.spec.document_columns, "duplicate-documents" in suite.spec.tolerate
    return replace(unit, corpus=split_documents(split, columns, access, shelf, keep_first=keep_first))


def _named(unit: Unit, hub: HubQueries) -> Unit:
    """The unit with the split's name in its query ids, which are unique within a split only."""
    ending = hub.documents.split_suffix[0] if hub.documents is not None else ""
    split = unit.split.removesuffix(ending).rstrip("_")
    ids = pc.binary_join_element_wise(
        pa.scalar(f"{split}/", pa.large_string()), unit.queries.ids, pa.scalar("", pa.large_string())
    )
    return Unit(split, replace(unit.queries, ids=ids), replace(unit.qrels, query_ids=ids), unit.corpus)


def _from_files(suite: Suite, row: TaskRow) -> TaskData:
    files = suite.spec.files
    if files is None:
        raise DataError("a suite has exactly one of [hub] and [files]", file=suite.folder)
    path = suite.folder / files.queries.replace("{task}", row.task)
    table = read_table(path)
    if files.qrels is None:
        unit, notes = _unit(suite, table, str(path), "")
        return TaskData(row, (unit,), Origin("files", str(path)), tuple(notes))
    qrels_path = suite.folder / files.qrels.replace("{task}", row.task)
    queries, notes = read_queries(table, suite.spec.columns, str(path))
    queries, qrels = _joined(queries, read_judgments(qrels_path), path, qrels_path)
    return TaskData(row, (Unit("", queries, qrels),), Origin("files", str(qrels_path)), tuple(notes))


def _joined(queries: Queries, qrels: Qrels, path: Path, qrels_path: Path) -> tuple[Queries, Qrels]:
    """Keep the judged queries, in the order of the judgments."""
    at = positions_of(qrels.query_ids, queries.ids)
    if len(lost := np.flatnonzero(at < 0)):
        raise DataError(f"the query '{qrels.query_ids[lost[0]]}' is judged but {path.name} lacks it", file=qrels_path)
    return replace(queries.take(at), ids=qrels.query_ids), qrels
