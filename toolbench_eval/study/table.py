"""The long table of a study: a row for each sample of each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolbench_eval.atomic import atomic_path
from toolbench_eval.study.design import Condition, Design
from toolbench_eval.study.runner import MadeRun

if TYPE_CHECKING:
    import pyarrow as pa

BASE = "base"
TABLE_FILES = ("long.csv", "long.parquet")


def long_table(runs: Sequence[MadeRun], design: Design) -> pa.Table:
    """All samples of all runs.

    Columns: task, sample; condition (what differs from the base condition), factor and level (where that is one), a
    column `at.FACTOR` for each factor; seed; outcome, stop_reason, failed; counts of calls and tokens; path.
    """
    import pyarrow as pa

    return pa.Table.from_pylist([row for run in runs for row in _rows(run, design.conditions[0])])


def write_table(table: pa.Table, folder: Path) -> None:
    """Write `long.csv` and `long.parquet`.

    Raises:
        StorageError: The disk failed.
    """
    import pyarrow.csv
    import pyarrow.parquet

    as_csv, as_parquet = (folder / name for name in TABLE_FILES)
    with atomic_path(as_csv, durable=False) as path:
        pyarrow.csv.write_csv(table, path)
    with atomic_path(as_parquet, durable=False) as path:
        pyarrow.parquet.write_table(table, path, compression="zstd")


def _rows(run: MadeRun, base: Condition) -> list[dict[str, Any]]:
    condition = run.planned.condition
    factor, level = single_change(condition, base)
    levels = {f"at.{name}": value for name, value in condition.levels.items()}
    rows = []
    for one in run.samples:
        counts = {name: value for name, value in asdict(one.usage).items() if name != "runs"}
        cost = {name: value for name, value in asdict(one.cost).items() if name not in ("seconds", "tool_calls")}
        rows.append(
            {
                "task": one.task,
                "sample": one.sample,
                "condition": condition.label,
                "factor": factor,
                "level": level,
                **levels,
                "seed": run.planned.seed,
                "outcome": one.outcome,
                "stop_reason": one.stop_reason,
                "failed": one.failed,
                **{f"{name}_calls" if name != "calls" else "tool_calls": value for name, value in counts.items()},
                **cost,
                "tools_on_offer": len(one.offered),
                "path": " ".join(one.path),
            }
        )
    return rows


def single_change(condition: Condition, base: Condition) -> tuple[str, str]:
    """Factor and level where a condition differs from the base in one; `base` for the base itself, else empty."""
    changed: Mapping[str, str] = {name: level for name, level in condition.levels.items() if level != base.levels[name]}
    if not changed:
        return BASE, ""
    return next(iter(changed.items())) if len(changed) == 1 else ("", "")
