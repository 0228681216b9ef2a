"""Results made ready for a test: checked for comparability, read, aligned, with the lines to test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolbench_eval.comparison.comparable import System, Terms, objections, refuse, shared_tasks
from toolbench_eval.comparison.lines import Weighting, weightings
from toolbench_eval.comparison.scores import Aligned, align, measure_name
from toolbench_eval.errors import UsageError
from toolbench_eval.metrics.segments import Floats
from toolbench_eval.results.aggregate import Naming


@dataclass(frozen=True, eq=False)
class Prepared:
    """Comparable results, read and aligned.

    Attributes:
        measure: Canonical name.
        aligned: The scores.
        weightings: The lines, the headline first.
        overruled: Objections that `force` overruled.
    """

    measure: str
    aligned: Aligned
    weightings: tuple[Weighting, ...]
    overruled: tuple[str, ...]

    @property
    def weights(self) -> Floats:
        """Shape (lines, tasks)."""
        return np.stack([one.weights for one in self.weightings])


def prepare(systems: Sequence[System], metric: str | None, terms: Terms) -> Prepared:
    """Check that results are comparable, and read their scores.

    Raises:
        UsageError: They are not, and `terms.force` is not set; or the measure cannot be tested.
        MissingDataError: A file beside a result is gone.
        DataError: A file is not what its result says.
    """
    first = systems[0].result
    measure = measure_name(metric or first.headline.metric)
    reasons = objections(systems, terms)
    refuse(reasons, terms)
    aligned = align(systems, shared_tasks(systems, terms), measure)
    if aligned.unlike:
        reasons.append(f"the scored queries differ in {', '.join(aligned.unlike)}: only the shared ones are compared")
        refuse(reasons, terms)
    categories = [first.tasks[task].category for task in aligned.tasks]
    lines = weightings(aligned.tasks, categories, aligned.paired.sizes, Naming.of(first.aggregates))
    lines.sort(key=lambda line: line.name != first.headline.aggregate)
    return Prepared(measure, aligned, tuple(lines), tuple(reasons))


def check_numbers(alpha: float, draws: int) -> None:
    """Refuse levels and numbers of draws that make no sense.

    Raises:
        UsageError: They do not.
    """
    if not 0 < alpha < 0.5:
        raise UsageError(f"--alpha must lie between 0 and 0.5, found {alpha}")
    if not 100 <= draws <= 1_000_000:
        raise UsageError(f"--draws must lie between 100 and 1,000,000, found {draws}")


def notes(systems: Sequence[System], tasks: Sequence[str]) -> list[str]:
    """What one should know of results before one believes a comparison of them."""
    found = []
    for system in systems:
        failed = sum(system.result.tasks[task].failed for task in tasks)
        if failed:
            found.append(f"{system.label}: {failed} queries without a ranking count as 0")
        if system.result.partial:
            found.append(f"{system.label}: the result is partial")
    return found
