"""Interpolated precision: the best precision at or beyond a level of recall."""

from __future__ import annotations

import numpy as np

from toolbench_eval.metrics.judged import Judged
from toolbench_eval.metrics.segments import Floats, maxima

ELEVEN_POINTS = tuple(point / 10 for point in range(11))


def interpolated_precision(judged: Judged, recall: float, rel: int = 1) -> Floats:
    """IPrec@r: highest precision from the document on that brings recall to r (trec_eval ``iprec_at_recall_r``).

    Recall r is reached at relevant document number round(r R), halves away from zero, as in trec_eval from
    version 10; versions to 9 and pytrec_eval take int(r R + 0.9).
    """
    hits = judged.relevant(rel)
    number = judged.numbering(hits)
    needed = np.floor(recall * judged.num_rel(rel) + 0.5)[hits.rows]
    return maxima(hits.rows, np.where(number >= needed, number / hits.ranks, 0.0), len(judged))


def eleven_point_average(judged: Judged, rel: int = 1) -> Floats:
    """11pt: mean of interpolated precision at recall 0.0, 0.1, ..., 1.0 (trec_eval ``11pt_avg``)."""
    levels = [interpolated_precision(judged, point, rel) for point in ELEVEN_POINTS]
    return np.asarray(np.mean(levels, axis=0), dtype=np.float64)
