"""Measures of graded gain: discounted cumulative gain and relatives.

The gain of a document is its grade, and 0 for grades below 0 and for documents without a judgment.
"""

from __future__ import annotations

import numpy as np

from toolbench_eval.metrics.judged import Hits, Judged, ratio
from toolbench_eval.metrics.parameters import Gains
from toolbench_eval.metrics.segments import Floats, Ints, counts, running, running_sums, starts, sums


def ndcg(judged: Judged, cutoff: int | None = None, dcg: str = "log2", gains: Gains | None = None) -> Floats:
    """nDCG: discounted gain divided by that of the ideal ranking (Järvelin and Kekäläinen 2002).

    The ideal ranking holds all judged documents, retrieved or not, and is cut at the same rank.

    Args:
        judged: The run seen through judgments.
        cutoff: Look at this many ranks only.
        dcg: ``log2``: gain / log2(rank + 1), as trec_eval; ``exp-log2``: (2^gain - 1) / log2(rank + 1),
            as gdeval (Burges et al. 2005).
        gains: Gains of grades, where they are not the grades themselves.
    """
    return ratio(discounted_gain(judged, cutoff, dcg, gains), ideal_discounted_gain(judged, cutoff, dcg, gains))


def discounted_gain(judged: Judged, cutoff: int | None = None, dcg: str = "log2", gains: Gains | None = None) -> Floats:
    """DCG: the discounted gain itself; parameters as in ``ndcg``."""
    hits = judged.hits if cutoff is None else judged.hits.where(judged.hits.ranks <= cutoff)
    return sums(hits.rows, _gain(hits.grades, dcg, gains) / np.log2(hits.ranks + 1.0), len(judged))


def ideal_discounted_gain(
    judged: Judged, cutoff: int | None = None, dcg: str = "log2", gains: Gains | None = None
) -> Floats:
    """IDCG: the discounted gain of the ideal ranking; parameters as in ``ndcg``."""
    gain = _gain(judged.grades, dcg, gains)
    if gains is not None:
        gain = gain[np.lexsort((-gain, judged.rows))]
    seen = gain > 0 if cutoff is None else (gain > 0) & (judged.places < cutoff)
    return sums(judged.rows[seen], gain[seen] / np.log2(judged.places[seen] + 2.0), len(judged))


def ndcg_at_relevant(judged: Judged) -> Floats:
    """nDCG_rel: mean of nDCG at the ranks of the documents with gain (trec_eval ``ndcg_rel``).

    A document that was not retrieved counts with the nDCG of the whole ranking.
    """
    n, hits = len(judged), _gainful(judged)
    total = judged.num_rel(1)
    at_hit = ratio(_running_dcg(hits, n), _ideal_at(judged, hits.rows, hits.ranks))
    missed = total - judged.count(hits)
    return ratio(sums(hits.rows, at_hit, n) + missed * ndcg(judged), total)


def ndcg_at_levels(judged: Judged) -> Floats:
    """Rndcg: mean of nDCG at the ranks where the ideal gain changes (trec_eval ``Rndcg``).

    One rank for each grade above 0 that occurs, and the last rank of the run if that lies more than one
    rank beyond them, as the program has it.
    """
    n, hits = len(judged), _gainful(judged)
    total = judged.num_rel(1)
    rows, grades = judged.rows, judged.grades
    last_of_grade = np.ones(len(rows), dtype=np.bool_)
    last_of_grade[:-1] = (rows[1:] != rows[:-1]) | (grades[1:] != grades[:-1])
    level = np.flatnonzero(last_of_grade & (grades > 0))
    level_rows, level_ranks = rows[level], judged.places[level] + 1
    at_level = ratio(
        _dcg_at(hits, _running_dcg(hits, n), level_rows, level_ranks, n), _ideal_at(judged, level_rows, level_ranks)
    )
    beyond = (total > 0) & (judged.lengths > total + 1)
    return ratio(sums(level_rows, at_level, n) + beyond * ndcg(judged), counts(level_rows, n) + beyond)


def normalized_gain(judged: Judged) -> Floats:
    """G: gain over log2(2 + ideal gain so far - gain so far), divided by all gain there is (trec_eval ``G``).

    The ideal gain of a rank counts at least 1, also beyond the last document with gain.
    """
    n, hits = len(judged), _gainful(judged)
    ideal = np.maximum(judged.grades, 0)
    surplus = np.concatenate([[0], np.cumsum(np.maximum(ideal - 1, 0))])
    first = starts(judged.rows, n)[hits.rows]
    reached = np.minimum(hits.ranks, counts(judged.rows, n)[hits.rows])
    cost = hits.ranks + surplus[first + reached] - surplus[first]
    lag = cost - running(hits.rows, hits.grades, n)
    return ratio(sums(hits.rows, hits.grades / np.log2(2.0 + lag), n), sums(judged.rows, ideal, n))


def binary_gain(judged: Judged, rel: int = 1) -> Floats:
    """binG: mean over the relevant documents of 1 / log2(2 + others ranked before it) (trec_eval ``binG``)."""
    hits = judged.relevant(rel)
    before = hits.ranks - judged.numbering(hits)
    return ratio(sums(hits.rows, 1.0 / np.log2(2.0 + before), len(judged)), judged.num_rel(rel))


def _gain(grades: Ints, dcg: str, gains: Gains | None) -> Floats:
    gain = grades.astype(np.float64)
    for grade, value in gains or ():
        gain[grades == grade] = value
    gain = np.maximum(gain, 0.0)
    return np.exp2(gain) - 1.0 if dcg == "exp-log2" else gain


def _gainful(judged: Judged) -> Hits:
    return judged.hits.where(judged.hits.grades > 0)


def _running_dcg(hits: Hits, n: int) -> Floats:
    return running_sums(hits.rows, hits.grades / np.log2(hits.ranks + 1.0), n)


def _dcg_at(hits: Hits, running_dcg: Floats, rows: Ints, ranks: Ints, n: int) -> Floats:
    """DCG of queries at ranks: that of the last hit up to there."""
    span = 1 + max(int(hits.ranks.max(initial=0)), int(ranks.max(initial=0)))
    last = np.searchsorted(hits.rows * span + hits.ranks, rows * span + ranks, side="right") - 1
    known = (last >= 0) & (last >= starts(hits.rows, n)[rows])
    return np.where(known, running_dcg[last] if len(running_dcg) else 0.0, 0.0)


def _ideal_at(judged: Judged, rows: Ints, ranks: Ints) -> Floats:
    """Ideal DCG of queries at ranks; beyond the last judgment it grows no more."""
    n = len(judged)
    gain = np.maximum(judged.grades, 0)
    ideal = running_sums(judged.rows, gain / np.log2(judged.places + 2.0), n)
    return ideal[starts(judged.rows, n)[rows] + np.minimum(ranks, counts(judged.rows, n)[rows]) - 1]
