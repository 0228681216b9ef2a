"""Measures for incomplete judgments: bpref and inferred average precision."""

from __future__ import annotations

import numpy as np

from toolbench_eval.metrics.judged import Judged, ratio
from toolbench_eval.metrics.segments import Floats, sums

INFAP_EPSILON = 0.00001
"""Smoothing of inferred AP, as in trec_eval."""


def binary_preference(judged: Judged, rel: int = 1) -> Floats:
    """Bpref: how rarely judged non-relevant documents come before relevant ones (Buckley and Voorhees 2004).

    The mean over the R relevant documents of 1 - min(n, R) / min(N, R), n being the judged non-relevant
    documents before it and N all of them; 0 for a relevant document that was not retrieved. Documents
    with grades below 0 are left out of the ranking, as in trec_eval.
    """
    total = judged.num_rel(rel)
    nonrelevant = judged.num_rel(0) - total
    grades = judged.hits.grades
    before = judged.count_before((grades >= 0) & (grades < rel))[grades >= rel]
    rows = judged.hits.rows[grades >= rel]
    lost = ratio(np.minimum(before, total[rows]), np.minimum(nonrelevant, total)[rows])
    return ratio(sums(rows, 1.0 - lost, len(judged)), total)


def inferred_average_precision(judged: Judged, rel: int = 1) -> Floats:
    """infAP: average precision estimated from a sample of the pool (Yilmaz and Aslam 2006).

    Grades below 0 mean "in the pool, not judged". The expected precision at rank r is
    1/r + (r-1)/r x (pooled before / (r-1)) x (relevant + e) / (relevant + non-relevant + 2e), the counts
    being those of the judged documents before r.
    """
    grades = judged.hits.grades
    relevant = grades >= rel
    ranks = judged.hits.ranks[relevant]
    pooled = judged.count_before(np.ones_like(relevant))[relevant] - 1
    good = judged.count_before(relevant)[relevant] - 1
    bad = judged.count_before((grades >= 0) & ~relevant)[relevant]
    likely = (good + INFAP_EPSILON) / (good + bad + 2 * INFAP_EPSILON)
    expected = 1.0 / ranks + pooled / ranks * likely
    return ratio(sums(judged.hits.rows[relevant], expected, len(judged)), judged.num_rel(rel))
