"""A task's data: the queries of each split, their judgments, and what they search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.shelf import CorpusHandle
from toolbench_eval.suites import TaskRow


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
class Unit:
    """Queries that are searched in one corpus.

    Attributes:
        split: Name of the split; queries of tasks with several splits have it in their ids.
        queries: The queries.
        qrels: Their judgments, over the same query ids in the same order.
        corpus: The documents, None where the suite's shared corpus is searched.
    """

    split: str
    queries: Queries
    qrels: Qrels
    corpus: CorpusHandle | None = None


@dataclass(frozen=True, eq=False)
class TaskData:
    """A task ready to be evaluated.

    Attributes:
        row: The task's row in the suite's table.
        units: Its splits, in the order of their names.
        origin: Where they came from.
        notes: What was mended while loading.
    """

    row: TaskRow
    units: tuple[Unit, ...]
    origin: Origin
    notes: tuple[str, ...] = ()

    @cached_property
    def queries(self) -> Queries:
        """The queries of all splits."""
        return joined_queries([unit.queries for unit in self.units])

    @cached_property
    def qrels(self) -> Qrels:
        """The judgments of all splits."""
        return joined_qrels([unit.qrels for unit in self.units])

    def head(self, n: int) -> TaskData:
        """The first n queries of every split and their judgments."""
        units = (Unit(unit.split, unit.queries.head(n), unit.qrels.head(n), unit.corpus) for unit in self.units)
        return TaskData(self.row, tuple(units), self.origin, self.notes)


def joined_queries(parts: Sequence[Queries]) -> Queries:
    """Queries of several splits as one."""
    if len(parts) == 1:
        return parts[0]
    instructions = [part.instructions for part in parts]
    return Queries(
        pa.concat_arrays([part.ids for part in parts]),
        pa.concat_arrays([part.texts for part in parts]),
        None if any(part is None for part in instructions) else pa.concat_arrays(instructions),
    )


def joined_qrels(parts: Sequence[Qrels]) -> Qrels:
    """Judgments of several splits as one; equal document ids become one entry of the vocabulary.

    That is safe although splits may use one id for different documents: a query is only ever
    compared with the judgments of its own split.
    """
    if len(parts) == 1:
        return parts[0]
    ids = pa.concat_arrays([part.doc_ids for part in parts]).dictionary_encode()
    starts = np.cumsum([0, *(len(part.doc_ids) for part in parts)])
    position = ids.indices.to_numpy()
    return Qrels.from_lengths(
        pa.concat_arrays([part.query_ids for part in parts]),
        ids.dictionary,
        np.concatenate([part.lengths for part in parts]),
        np.concatenate([position[part.documents + start] for part, start in zip(parts, starts, strict=False)]),
        np.concatenate([part.grades for part in parts]),
    )
