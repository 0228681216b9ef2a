"""Queries that a stored first stage has no ranking for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError
from toolbench_eval.ranking.run import Run


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
