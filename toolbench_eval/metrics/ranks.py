"""Measures of the ranks of relevant documents: precision, recall, average precision and their kin.

Conventions are those of trec_eval: a document is relevant if its grade is at least ``rel``; precision
at k divides by k even where fewer documents were retrieved; average precision divides by R, the number
of all relevant documents, at every cutoff; a query without relevant documents scores 0.
"""

from __future__ import annotations

import numpy as np

from toolbench_eval.metrics.judged import Judged, ratio
from toolbench_eval.metrics.segments import Floats, sums


def precision(judged: Judged, cutoff: int, rel: int = 1) -> Floats:
    """P@k: relevant documents in the top k, divided by k (trec_eval ``P_k``)."""
    return judged.count(judged.relevant(rel, cutoff)) / float(cutoff)


def recall(judged: Judged, cutoff: int, rel: int = 1) -> Floats:
    """R@k: relevant documents in the top k, divided by R (trec_eval ``recall_k``)."""
    return ratio(judged.count(judged.relevant(rel, cutoff)), judged.num_rel(rel))


def capped_recall(judged: Judged, cutoff: int, rel: int = 1) -> Floats:
    """R_cap@k: relevant documents in the top k, divided by min(k, R), the most there can be.

    BEIR (Thakur et al. 2021) reports it as "capped recall"; trec_eval's ``relative_P_k`` is the same.
    """
    return ratio(judged.count(judged.relevant(rel, cutoff)), np.minimum(judged.num_rel(rel), cutoff))


def completeness(judged: Judged, cutoff: int, rel: int = 1) -> Floats:
    """C@k: 1 if all relevant documents are in the top k (COLT, Qu et al. 2024; ToolRet, Shi et al. 2025)."""
    total = judged.num_rel(rel)
    return np.asarray((total > 0) & (judged.count(judged.relevant(rel, cutoff)) == total), dtype=np.float64)


def success(judged: Judged, cutoff: int, rel: int = 1) -> Floats:
    """Success@k: 1 if a relevant document is in the top k (trec_eval ``success_k``)."""
    return np.asarray(judged.count(judged.relevant(rel, cutoff)) > 0, dtype=np.float64)


def reciprocal_rank(judged: Judged, cutoff: int | None = None, rel: int = 1) -> Floats:
    """RR: one divided by the rank of the first relevant document (Kantor and Voorhees 2000)."""
    hits = judged.relevant(rel, cutoff)
    return sums(hits.rows, (judged.numbering(hits) == 1) / hits.ranks, len(judged))


def average_precision(judged: Judged, cutoff: int | None = None, rel: int = 1) -> Floats:
    """AP: precision at each relevant document retrieved, summed and divided by R (Harman 1992).

    With a cutoff the sum ends there and still is divided by R (trec_eval ``map_cut_k``).
    """
    hits = judged.relevant(rel, cutoff)
    return ratio(sums(hits.rows, judged.numbering(hits) / hits.ranks, len(judged)), judged.num_rel(rel))


def r_precision(judged: Judged, rel: int = 1) -> Floats:
    """Rprec: precision at rank R (Buckley and Voorhees 2005)."""
    return precision_at_multiple(judged, 1.0, rel)


def precision_at_multiple(judged: Judged, multiple: float, rel: int = 1) -> Floats:
    """Rprec_mult@m: precision at rank int(m R + 0.9) (trec_eval ``Rprec_mult_m``)."""
    total = judged.num_rel(rel)
    cutoffs = (multiple * total + 0.9).astype(np.int64)
    hits = judged.relevant(rel)
    return ratio(judged.count(hits.where(hits.ranks <= cutoffs[hits.rows])), cutoffs)


def accuracy(judged: Judged, cutoff: int | None = None, rel: int = 1) -> Floats:
    """Accuracy: share of (relevant, other) pairs of retrieved documents that are in the right order.

    As ``Accuracy`` of ir_measures, which leaves out a query without a relevant document retrieved (here 0)
    and divides by zero where there is no other document (here 1: no pair is in the wrong order).
    """
    hits = judged.relevant(rel, cutoff)
    found = judged.count(hits)
    retrieved = judged.lengths if cutoff is None else np.minimum(judged.lengths, cutoff)
    wrong = sums(hits.rows, hits.ranks - judged.numbering(hits), len(judged))
    return np.where(found > 0, 1.0 - ratio(wrong, (retrieved - found) * found), 0.0)
