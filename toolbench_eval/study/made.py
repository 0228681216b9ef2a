"""A study from its plan to its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.atomic import write_text
from toolbench_eval.errors import UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.registry import Registry
from toolbench_eval.study.analysis import Analysis, analyse
from toolbench_eval.study.grid import Grid, make_grid
from toolbench_eval.study.page import study_page
from toolbench_eval.study.report import PAGE_FILE, STUDY_FILE, study_values, write_values
from toolbench_eval.study.runner import MadeRun, Place, Plan, run_study
from toolbench_eval.study.table import TABLE_FILES, long_table, write_table


@dataclass(frozen=True, eq=False)
class Made:
    """A study that was made.

    Attributes:
        analysis: What it found.
        values: All numbers, as `study.json` has them.
        files: Names of what was written.
    """

    analysis: Analysis
    values: dict[str, Any]
    files: tuple[str, ...]


def make_study(plan: Plan, place: Place, registry: Registry, reporter: Reporter) -> Made:
    """Run what is missing, analyse everything, write the files.

    Raises:
        EvalHarnessError: See `toolbench_eval.errors`; finished runs and samples stay.
    """
    runs = run_study(plan, place, registry, reporter)
    study = plan.study
    grid = make_grid(runs, plan.design, study.repeat_seeds)
    metric = study.metric or runs[0].result.headline.metric
    found = analyse(grid, study.factors, metric, study.draws)
    for note in found.notes:
        reporter.warn(note)
    values = study_values(plan, runs, found)
    write_values(values, place.out)
    write_table(long_table(runs, plan.design), place.out)
    page = _page(plan, runs, grid, found, place, reporter)
    return Made(found, values, (*page, STUDY_FILE, *TABLE_FILES))


def _page(
    plan: Plan, runs: Sequence[MadeRun], grid: Grid, found: Analysis, place: Place, reporter: Reporter
) -> tuple[str, ...]:
    """The page, where the packages that it needs are there: the numbers do not depend on them."""
    try:
        write_text(place.out / PAGE_FILE, study_page(plan, runs, grid, found))
    except UsageError as error:
        (place.out / PAGE_FILE).unlink(missing_ok=True)  # an earlier page would show other numbers
        reporter.warn(str(error))
        return ()
    return (PAGE_FILE,)
