"""The per-query scores of several results as one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from toolbench_eval.comparison.comparable import System
from toolbench_eval.comparison.significance import Paired
from toolbench_eval.data.ids import positions_of
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.metrics.of_samples import of_samples
from toolbench_eval.metrics.registry import find, mean
from toolbench_eval.metrics.score import score_run
from toolbench_eval.metrics.segments import Floats
from toolbench_eval.results.rescore import stored_run
from toolbench_eval.results.sidecars import read_per_query

AGREE = 1e-9
"""Most that the mean over queries may differ from the score that a result records."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """Scores of systems for the same queries.

    Attributes:
        paired: The values.
        tasks: Names of the tasks, in the order of the columns.
        query_ids: Ids of the queries of each task.
        unlike: Tasks whose queries differ between the systems; only those that all have are in `paired`.
    """

    paired: Paired
    tasks: tuple[str, ...]
    query_ids: tuple[pa.LargeStringArray, ...]
    unlike: tuple[str, ...]


def measure_name(metric: str) -> str:
    """The canonical name of a measure that can be tested.

    Raises:
        UsageError: It is no mean over queries, so its queries are no sample of it.
        UnknownNameError: There is no such measure.
    """
    if of_samples(metric):
        return metric
    measure = parse_measure(metric)
    if find(measure.name).aggregate is not mean:
        raise UsageError(f"{measure} is no mean over queries: paired tests are about means. Choose another --metric")
    return str(measure)


def align(systems: Sequence[System], tasks: Sequence[str], measure: str) -> Aligned:
    """Read the per-query scores of all systems, and bring the queries in one order.

    Args:
        systems: The results.
        tasks: Tasks that all of them have.
        measure: Canonical name; where a result lacks it, its stored run is scored.

    Raises:
        MissingDataError: A file beside a result is gone.
        DataError: It is not what its result says, or no query is left in a task.
    """
    columns, query_ids, unlike = [], [], []
    for task in tasks:
        read = [_values(system, task, measure) for system in systems]
        ids = read[0][0]
        if any(not ids.equals(other) for other, _ in read[1:]):
            at = [positions_of(ids, other) for other, _ in read]
            everywhere = np.flatnonzero(np.all([found >= 0 for found in at], axis=0))
            if any(len(other) != len(everywhere) for other, _ in read):
                unlike.append(task)
            if not len(everywhere):
                raise DataError(f"the results share no query of '{task}'", file=systems[0].path)
            columns.append(np.stack([values[found[everywhere]] for (_, values), found in zip(read, at, strict=True)]))
            ids = ids.take(pa.array(everywhere))
        else:
            columns.append(np.stack([values for _, values in read]))
        query_ids.append(ids)
    sizes = np.array([len(ids) for ids in query_ids], dtype=np.int64)
    return Aligned(Paired(np.concatenate(columns, axis=1), sizes), tuple(tasks), tuple(query_ids), tuple(unlike))


def _values(system: System, task: str, measure: str) -> tuple[pa.LargeStringArray, Floats]:
    """Query ids of a task, and the value of the measure for each."""
    entry, folder = system.result.tasks[task], system.path.parent
    if entry.per_query_file is None:
        raise DataError(f"the result names no file of per-query scores for '{task}'", file=system.path)
    path = folder / entry.per_query_file
    ids, stored = read_per_query(path)
    if measure in stored:
        values = stored[measure]
    elif system.result.agent is not None:
        raise UsageError(f"{system.label} has no measure '{measure}'; it has {', '.join(stored)}")
    else:
        drop = system.result.task_setting.get("missing") == "drop"
        scores = score_run(*stored_run(entry, folder), measure, missing="drop" if drop else "zero")
        ids, values = scores.query_ids, scores.values[measure]
    if not len(values) or values.dtype.kind != "f" or not np.isfinite(values).all():
        raise DataError("expected a finite number for every query", file=path, field=measure)
    recorded = entry.scores.get(measure)
    if recorded is not None and abs(recorded - values.mean()) > AGREE:
        message = f"the mean over queries is {values.mean():.6f}, but the result records {recorded:.6f} for '{task}'"
        raise DataError(message, file=path, field=measure)
    return ids, values
