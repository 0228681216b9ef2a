"""Measures of the retrieved set, whatever its order, and plain counts."""

from __future__ import annotations

import numpy as np

from toolbench_eval.metrics.judged import Judged, ratio
from toolbench_eval.metrics.segments import Floats


def set_precision(judged: Judged, rel: int = 1, relative: bool = False) -> Floats:
    """SetP: relevant documents retrieved, divided by documents retrieved (trec_eval ``set_P``).

    Args:
        judged: The run seen through judgments.
        rel: Lowest relevant grade.
        relative: Divide by the most there can be, min(retrieved, R) (trec_eval ``set_relative_P``).
    """
    most = np.minimum(judged.lengths, judged.num_rel(rel)) if relative else judged.lengths
    return ratio(_found(judged, rel), most)


def set_recall(judged: Judged, rel: int = 1) -> Floats:
    """SetR: relevant documents retrieved, divided by R (trec_eval ``set_recall``)."""
    return ratio(_found(judged, rel), judged.num_rel(rel))


def set_f(judged: Judged, rel: int = 1, beta: float = 1.0) -> Floats:
    """SetF: (b + 1) P R / (b P + R), b being ``beta`` itself, not its square (trec_eval ``set_F``)."""
    p, r = set_precision(judged, rel), set_recall(judged, rel)
    return ratio((beta + 1.0) * p * r, beta * p + r)


def set_average_precision(judged: Judged, rel: int = 1) -> Floats:
    """SetAP: set precision times set recall (trec_eval ``set_map``)."""
    return set_precision(judged, rel) * set_recall(judged, rel)


def utility(judged: Judged, a: float = 1.0, b: float = -1.0, c: float = 0.0, rel: int = 1) -> Floats:
    """Utility: a x relevant retrieved + b x others retrieved + c x relevant missed (trec_eval ``utility``).

    trec_eval's fourth weight needs the size of the collection and is 0 by default; it is not offered.
    """
    found = _found(judged, rel)
    return a * found + b * (judged.lengths - found) + c * (judged.num_rel(rel) - found)


def num_retrieved(judged: Judged, rel: int | None = None) -> Floats:
    """NumRet: documents retrieved; with ``rel``, those of them with at least that grade."""
    return judged.lengths.astype(np.float64) if rel is None else _found(judged, rel)


def num_relevant(judged: Judged, rel: int = 1) -> Floats:
    """NumRel: relevant documents, retrieved or not."""
    return judged.num_rel(rel).astype(np.float64)


def num_nonrelevant_judged(judged: Judged, rel: int = 1) -> Floats:
    """NumNonrelJudgedRet: documents retrieved that are judged and not relevant (grades from 0 below rel)."""
    grades = judged.hits.grades
    return judged.count(judged.hits.where((grades >= 0) & (grades < rel))).astype(np.float64)


def num_queries(judged: Judged) -> Floats:
    """NumQ: 1 for each query."""
    return np.ones(len(judged))


def judgment_rate(judged: Judged, cutoff: int | None = None) -> Floats:
    """Judged@k: judged documents in the top k, divided by the documents there (ir_measures ``Judged``).

    Any judgment counts, also one with a grade below 0; fewer than k documents make the divisor smaller.
    """
    hits, retrieved = judged.hits, judged.lengths
    if cutoff is not None:
        hits, retrieved = hits.where(hits.ranks <= cutoff), np.minimum(retrieved, cutoff)
    return ratio(judged.count(hits), retrieved)


def unjudged_rate(judged: Judged, cutoff: int) -> Floats:
    """Unj@k: documents in the top k without a grade from 0, divided by k (trec_eval ``unj_k``)."""
    return (np.minimum(judged.lengths, cutoff) - judged.count(judged.relevant(0, cutoff))) / float(cutoff)


def _found(judged: Judged, rel: int) -> Floats:
    return judged.count(judged.relevant(rel)).astype(np.float64)
