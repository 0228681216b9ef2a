"""Score a run: any measures, per query, and their aggregates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import UnknownNameError
from toolbench_eval.metrics.align import Missing, align
from toolbench_eval.metrics.judged import Judged
from toolbench_eval.metrics.language import Measure, parse_measure, parse_measures
from toolbench_eval.metrics.registry import find
from toolbench_eval.metrics.segments import Floats
from toolbench_eval.ranking.run import Run


@dataclass(frozen=True, eq=False)
class Scores:
    """Values of measures for each query.

    Attributes:
        query_ids: Ids of the n queries that count, in the order of the qrels.
        values: Canonical name of each measure, in the order asked for -> float64, shape (n,).
    """

    query_ids: pa.LargeStringArray
    values: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.query_ids)

    def of(self, measure: str | Measure) -> Floats:
        """Values of one measure, however it is spelled.

        Raises:
            UnknownNameError: It was not computed.
        """
        name = str(measure)
        if name not in self.values:
            name = str(parse_measure(name))
        if name not in self.values:
            raise UnknownNameError("score", str(measure), self.values)
        return self.values[name]

    def mean(self, measure: str | Measure) -> float:
        """Arithmetic mean over the queries; NaN if there is none."""
        values = self.of(measure)
        return float(np.mean(values)) if len(values) else float("nan")

    def aggregate(self, measure: str | Measure) -> float:
        """Value of the run by the measure's own rule: mostly the mean, a sum for counts; NaN without queries."""
        values = self.of(measure)
        name = parse_measure(str(measure)).name
        return find(name).aggregate(values) if len(values) else float("nan")

    def aggregates(self) -> dict[str, float]:
        """`aggregate` of all measures."""
        return {name: self.aggregate(name) for name in self.values}


def score_run(
    run: Run, qrels: Qrels, measures: str | Measure | Iterable[str | Measure], *, missing: Missing = "zero"
) -> Scores:
    """Score a run against judgments.

    The order of the rows of the run is the ranking; `toolbench_eval.ranking.order.order` brings a run in the
    order of trec_eval first, where that is wanted.

    Args:
        run: Rankings. Queries without judgments are ignored.
        qrels: Judgments.
        measures: As `parse_measures` reads them.
        missing: ``zero``: judged queries that the run lacks score 0; ``drop``: they are left out, as trec_eval.

    Raises:
        UnknownNameError: A measure or parameter does not exist.
        UsageError: A parameter value is not allowed.
        DataError: Run or qrels are faulty; see `align`.
    """
    parsed = parse_measures(measures)
    query_ids, judged = align(run, qrels, missing)
    return Scores(query_ids, {str(measure): score_judged(judged, measure) for measure in parsed})


def score_judged(judged: Judged, measure: Measure) -> Floats:
    """Values of one measure, shape (n,)."""
    definition = find(measure.name)
    values = {p.name: p.default for p in definition.parameters if p.default is not None} | dict(measure.parameters)
    if definition.at is not None and measure.cutoff is not None:
        values[definition.at.name] = measure.cutoff
    return definition.kernel(judged.only_judged if values.pop("judged_only", False) else judged, **values)
