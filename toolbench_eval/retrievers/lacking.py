"""What a stored first stage has of the queries that are asked, and what it lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.order import truncate
from toolbench_eval.ranking.run import NO_DOCUMENT, Run


def count_lacking(task: str, queries: Queries, run: Run, *, allowed: bool, file: Path | str | None = None) -> int:
    """Number of a task's queries that a run lacks.

    Args:
        task: `suite/task`.
        queries: All queries of the task.
        run: The first stage.
        allowed: Whether the user lets some be missing.
        file: Where the run stands.

    Raises:
        DataError: It lacks some and that is not allowed, or it lacks all.
    """
    unknown = np.flatnonzero(positions_of(queries.ids, run.query_ids) < 0)
    if len(unknown) == len(queries):
        raise DataError(f"none of the {len(queries)} queries of '{task}' is in the first stage's run", file=file)
    if len(unknown) and not allowed:
        raise DataError(
            f"the first stage's run for '{task}' lacks query '{queries.ids[int(unknown[0])].as_py()}' "
            f"({len(unknown)} of {len(queries)} queries): it was made from other data, or with --limit. Use "
            "--allow-missing to go on: such queries find nothing, and the result is partial",
            file=file,
        )
    return len(unknown)


def served(run: Run | None, queries: Queries, k: int) -> Run:
    """The stored rankings of the queries, in their order; empty ones for queries that the run lacks.

    Raises:
        UsageError: There is no run, as no task was announced.
    """
    if run is None:
        raise UsageError("a stored run must be told which task comes next: call announce() before search()")
    at = positions_of(queries.ids, run.query_ids)
    documents = np.where(at[:, None] >= 0, run.documents[at], np.int32(NO_DOCUMENT))
    scores = np.where(at[:, None] >= 0, run.scores[at], np.float32(-np.inf))
    return truncate(Run(queries.ids, run.doc_ids, documents, scores), k)
