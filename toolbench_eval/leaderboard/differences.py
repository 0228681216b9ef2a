"""Where what an entry says differs from what was computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.ids import duplicates, positions_of
from toolbench_eval.errors import DataError
from toolbench_eval.results.aggregate import Naming, TaskScores, aggregates, bootstrap
from toolbench_eval.results.schema import Result
from toolbench_eval.suites import SuiteDeclaration

TOLERANCE = 1e-6
"""What a score may differ by on another machine."""

LARGEST = 1e300

Difference = tuple[str, str]
"""Field, and what is wrong with it."""


def differences(said: Any, found: Any, where: str, source: str = "the run") -> Iterator[Difference]:
    """Where two nested dictionaries of numbers differ, beyond what another machine may make of them."""
    if isinstance(said, dict) and isinstance(found, dict):
        for key in [*found, *(key for key in said if key not in found)]:
            yield from differences(said.get(key), found.get(key), f"{where}.{key}", source)
    elif _is_number(said) and _is_number(found):
        if not abs(said - found) <= TOLERANCE:
            yield where, f"says {said:.6g}; {source} gives {found:.6g}"
    elif said != found:
        yield where, f"says {str(said)[:80]!r}; must be {str(found)[:80]!r}"


def average_differences(
    result: Result, spec: SuiteDeclaration, scored: Mapping[str, TaskScores], source: str = "the run"
) -> Iterator[Difference]:
    """Averages, headline and its interval.

    Args:
        result: What the entry says.
        spec: The suite.
        scored: Scores of all tasks, in the order of the suite's table: the interval is drawn task by task.
        source: What the scores were computed from, in words.
    """
    naming = Naming(spec.unit, spec.group)
    averages = aggregates(scored, naming)
    yield from differences(result.aggregates, averages, "aggregates", source)
    kind = spec.headline.aggregate if spec.headline.aggregate in averages else f"{naming.unit}_macro"
    metric = result.headline.metric
    if metric not in averages[kind]:
        return
    interval = bootstrap(scored, metric, kind, result.task_setting["seed"], naming=naming)
    yield from differences(result.headline.aggregate, kind, "headline.aggregate", source)
    yield from differences(result.headline.value, averages[kind][metric], "headline.value", source)
    said, found = dict(enumerate(result.headline.ci95)), dict(enumerate(interval))
    yield from differences(said, found, "headline.ci95", source)


def query_differences(
    stored: Mapping[str, npt.NDArray[np.float64]],
    found: Mapping[str, npt.NDArray[np.float64]],
    ids: pa.LargeStringArray,
    where: str,
    source: str = "the run",
) -> Iterator[Difference]:
    """Where scores of queries differ.

    Args:
        stored: What the entry says, shape (queries,) for each measure.
        found: What was computed, in the same order.
        ids: The queries, in the same order.
        where: The field.
        source: What the scores were computed from, in words.
    """
    if set(stored) != set(found):
        yield where, "has other measures than the result"
        return
    for measure, values in found.items():
        wrong = np.flatnonzero(~(np.abs(stored[measure] - values) <= TOLERANCE))
        if len(wrong):
            at = int(wrong[0])
            said = f"query '{str(ids[at])[:80]}' says {stored[measure][at]:.6g}; {source} gives {values[at]:.6g}"
            yield f"{where}, {measure}", f"{said} ({len(wrong)} of {len(values)} queries differ)"


def places(ids: pa.LargeStringArray, known: pa.LargeStringArray, file: str) -> npt.NDArray[np.int64]:
    """Where each of the entry's queries stands among those that it must name.

    Raises:
        DataError: It names others, or one twice.
    """
    place = positions_of(ids, known)
    if len(place) != len(known) or (place < 0).any() or len(duplicates(ids)):
        raise DataError(f"{file} must name the {len(known)} queries of the task, each once")
    return place


def _is_number(value: object) -> bool:
    """Whether this can be subtracted: whole numbers of JSON may be too large for that."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
