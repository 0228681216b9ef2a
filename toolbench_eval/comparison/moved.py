"""The queries that systems differ most on, with their texts and rankings where those are at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from toolbench_eval.comparison.comparable import System
from toolbench_eval.comparison.scores import Aligned
from toolbench_eval.data.ids import positions_of, string_array
from toolbench_eval.data.load import load_task_data
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import EvalHarnessError, MissingDataError
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.registry import Registry
from toolbench_eval.results.rescore import stored_run

TOP = 5
"""Documents of a ranking that are shown."""

LEAST = 1e-9
"""Smallest difference that counts as one."""


@dataclass(frozen=True)
class Ranked:
    """A document in a ranking.

    Attributes:
        document: Its id.
        grade: Its judgment; None where it has none.
    """

    document: str
    grade: int | None


@dataclass(frozen=True)
class Ranking:
    """The first documents that a system gives for a query."""

    system: str
    top: tuple[Ranked, ...]


@dataclass(frozen=True)
class Moved:
    """A query.

    Attributes:
        task: Its task.
        query: Its id.
        text: Its text, None where that is not at hand.
        scores: Score of each system.
        rankings: Those of the best and of the worst system; empty where the runs are gone.
    """

    task: str
    query: str
    text: str | None
    scores: tuple[float, ...]
    rankings: tuple[Ranking, ...]


@dataclass(frozen=True)
class Library:
    """Where texts of queries may be found; the network is never asked.

    Attributes:
        registry: Declares the suites.
        access: A mirror, if there is one.
    """

    registry: Registry
    access: Access

    def texts(self, system: System, task: str) -> dict[str, str]:
        """Text of every query of a task; empty where the data are not at hand, or are others than the result's."""
        suite_name, _, name = task.partition("/")
        try:
            suite = self.registry.suite(suite_name)
            row = next(row for row in suite.rows if row.task == name)
            data = load_task_data(suite, row, Access(self.access.mirror, offline=True))
        except (EvalHarnessError, StopIteration):
            return {}
        limit = system.result.task_setting.get("limit")
        queries = (data if limit is None else data.head(int(limit))).queries
        if queries.fingerprint != system.result.tasks[task].queries_fingerprint:
            return {}
        return dict(zip(queries.ids.to_pylist(), queries.texts.to_pylist(), strict=True))


def most_moved(
    aligned: Aligned, systems: Sequence[System], count: int, library: Library | None = None
) -> tuple[Moved, ...]:
    """The queries with the widest range of scores between the systems, widest first.

    Args:
        aligned: The scores.
        systems: Whose they are.
        count: How many queries.
        library: Where texts may be found.

    Raises:
        DataError: A stored run is not the one of its result.
    """
    values, bounds = aligned.paired.values, aligned.paired.bounds
    spread = values.max(axis=0) - values.min(axis=0)
    picked = [at for at in np.argsort(-spread, kind="stable")[: max(count, 0)].tolist() if spread[at] > LEAST]
    tasks = (np.searchsorted(bounds, picked, side="right") - 1).tolist()
    texts = {at: library.texts(systems[0], aligned.tasks[at]) if library else {} for at in set(tasks)}
    read = _reader()
    found = []
    for at, task in zip(picked, tasks, strict=True):
        name, query = aligned.tasks[task], aligned.query_ids[task][at - int(bounds[task])].as_py()
        ends = (systems[int(values[:, at].argmax())], systems[int(values[:, at].argmin())])
        rankings = (_ranking(system, read(system, name), query) for system in ends)
        found.append(Moved(name, query, texts[task].get(query), tuple(values[:, at].tolist()), _there(rankings)))
    return tuple(found)


def _there(rankings: Iterable[Ranking | None]) -> tuple[Ranking, ...]:
    return tuple(ranking for ranking in rankings if ranking is not None)


def _reader() -> Callable[[System, str], tuple[Run, Qrels] | None]:
    """Reads stored runs, each once; None where one is gone."""

    @cache
    def read(system: System, task: str) -> tuple[Run, Qrels] | None:
        try:
            return stored_run(system.result.tasks[task], system.path.parent)
        except MissingDataError:
            return None

    return read


def _ranking(system: System, stored: tuple[Run, Qrels] | None, query: str) -> Ranking | None:
    if stored is None:
        return None
    run, qrels = stored
    at = int(positions_of(string_array([query]), run.query_ids)[0])
    if at < 0:
        return None
    judged = slice(qrels.indptr[at], qrels.indptr[at + 1])
    ids = qrels.doc_ids.take(pa.array(qrels.documents[judged])).to_pylist()
    grades = dict(zip(ids, qrels.grades[judged].tolist(), strict=True))
    top = run.documents[at, :TOP]
    documents = run.doc_ids.take(pa.array(top[top != NO_DOCUMENT])).to_pylist()
    return Ranking(system.label, tuple(Ranked(document, grades.get(document)) for document in documents))
