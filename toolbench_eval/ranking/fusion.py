"""Fusion: one run out of several over the same queries and documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.ids import tie_order
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.ranking.topk import top_k

Normalisation: TypeAlias = Literal["min-max", "z-score", "none"]
_Floats: TypeAlias = npt.NDArray[np.float64]


def fuse_rrf(runs: Sequence[Run], k: int = 60, depth: int | None = None) -> Run:
    """Reciprocal rank fusion: a document's score is the sum of ``1 / (k + rank)`` over the runs that found it.

    Source: Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
    methods", SIGIR 2009, with their k = 60. Ranks count from 1 in the order of each run.

    Args:
        runs: Runs over the same query ids and document ids, in the same order.
        k: Damps the lead of the first ranks.
        depth: Documents kept for each query; that of the deepest run if not given.

    Returns:
        The fused run, ties broken as trec_eval does (id descending as bytes).

    Raises:
        UsageError: No runs, or runs over different queries or documents.
    """
    _check_comparable(runs)
    shares = [np.broadcast_to(1 / (k + 1 + np.arange(run.depth)), run.documents.shape) for run in runs]
    return _fuse(runs, shares, np.zeros(len(runs[0])), depth)


def fuse_weighted(
    runs: Sequence[Run],
    weights: Sequence[float],
    normalisation: Normalisation = "min-max",
    depth: int | None = None,
) -> Run:
    """Weighted sum of scores, made comparable query by query.

    A run that did not find a document contributes the least (normalised) score it gave for that query: all that is
    known is that the document is no better than that one. A run without any document for a query contributes nothing.

    Args:
        runs: Runs over the same query ids and document ids, in the same order.
        weights: One weight for each run.
        normalisation: ``"min-max"`` maps the scores of a query to 0..1 (to 0 where all are equal), ``"z-score"``
            subtracts their mean and divides by their population standard deviation (0 where all are equal),
            ``"none"`` takes them as they are.
        depth: Documents kept for each query; that of the deepest run if not given.

    Returns:
        The fused run, ties broken as trec_eval does (id descending as bytes).

    Raises:
        UsageError: No runs, runs over different queries or documents, or not one weight for each run.
        DataError: A score is infinite or NaN.
    """
    _check_comparable(runs)
    if len(weights) != len(runs):
        raise UsageError(f"{len(weights)} weights for {len(runs)} runs; give one weight for each run.")
    if normalisation not in _NORMALISATIONS:
        raise UsageError(f"unknown normalisation '{normalisation}'; choose from {', '.join(_NORMALISATIONS)}.")
    base = np.zeros(len(runs[0]))
    shares = []
    for run, weight in zip(runs, weights, strict=True):
        scores = _NORMALISATIONS[normalisation](_scores(run))
        least = _least(scores)
        # What a document has above the least is its share; the least itself goes to every document.
        shares.append(weight * (scores - least[:, None]))
        base += weight * least
    return _fuse(runs, shares, base, depth)


def _scores(run: Run) -> _Floats:
    """The scores of a run, NaN where there is no document."""
    there = run.documents != NO_DOCUMENT
    broken = np.argwhere(there & ~np.isfinite(run.scores))
    if len(broken):
        row, column = broken[0]
        raise DataError(
            f"rank {column + 1} of query '{run.query_ids[row].as_py()}' has the score {run.scores[row, column]}; "
            "a weighted sum needs finite scores. Fuse by reciprocal rank instead."
        )
    return np.where(there, run.scores, np.nan).astype(np.float64)


def _least(scores: _Floats) -> _Floats:
    least = np.fmin.reduce(scores, axis=1, initial=np.inf)
    return np.asarray(np.where(np.isfinite(least), least, 0))


def _min_max(scores: _Floats) -> _Floats:
    above = scores - _least(scores)[:, None]
    span = np.fmax.reduce(above, axis=1, initial=0)
    return above / np.where(span > 0, span, 1)[:, None]


def _z_score(scores: _Floats) -> _Floats:
    found = np.maximum(np.count_nonzero(~np.isnan(scores), axis=1), 1)
    centred = scores - (np.nansum(scores, axis=1) / found)[:, None]
    deviation = np.sqrt(np.nansum(centred**2, axis=1) / found)
    # Where all scores are equal, rounding of their mean must not be blown up to a deviation of 1.
    flat = np.fmax.reduce(scores, axis=1, initial=-np.inf) <= _least(scores)
    return np.asarray(centred / np.where(flat, np.inf, deviation)[:, None])


def _as_they_are(scores: _Floats) -> _Floats:
    return scores


_NORMALISATIONS: dict[str, Callable[[_Floats], _Floats]] = {
    "min-max": _min_max,
    "z-score": _z_score,
    "none": _as_they_are,
}


def _check_comparable(runs: Sequence[Run]) -> None:
    if not runs:
        raise UsageError("no runs to fuse; give at least one.")
    first = runs[0]
    for number, run in enumerate(runs[1:], start=2):
        for name, own, other in [
            ("query", run.query_ids, first.query_ids),
            ("document", run.doc_ids, first.doc_ids),
        ]:
            if own is not other and not own.equals(other):
                raise UsageError(
                    f"run {number} has other {name} ids than run 1, or has them in another order; "
                    "fuse runs of the same task and corpus."
                )


def _fuse(runs: Sequence[Run], shares: Sequence[_Floats], base: _Floats, depth: int | None) -> Run:
    """Sum the shares of each document, add the query's base, rank.

    Args:
        runs: The runs fused.
        shares: What each place of each run contributes to its document, shape as ``Run.documents``.
        base: What every document of a query has, length n.
        depth: Documents kept for each query.
    """
    first = runs[0]
    depth = max(1, *(run.depth for run in runs)) if depth is None else depth
    order = tie_order(first.doc_ids)
    row, place, score = _sum_by_document(runs, shares, order)
    found = np.bincount(row, minlength=len(first))
    column = np.arange(len(row)) - (np.cumsum(found) - found)[row]
    # Candidates stand in tie order, so that the lowest column wins a tie. Sums are rounded to float32 before they are
    # ranked: the ranking is then the one that anybody gets from the scores of the run.
    shape = len(first), int(found.max(initial=0))
    scores = np.full(shape, -np.inf, dtype=np.float32)
    places = np.zeros(shape, dtype=np.int64)
    scores[row, column] = score + base[row]
    places[row, column] = place
    columns, best = top_k(scores, depth)
    documents = np.where(columns < found[:, None], order[np.take_along_axis(places, columns, axis=1)], NO_DOCUMENT)
    return Run(first.query_ids, first.doc_ids, documents.astype(np.int32), best)


def _sum_by_document(
    runs: Sequence[Run], shares: Sequence[_Floats], order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], _Floats]:
    """Query row, place in tie order and summed share of each document found, sorted by row and place."""
    place_of = np.empty_like(order)
    place_of[order] = np.arange(len(order))
    keys, parts = [], []
    for run, share in zip(runs, shares, strict=True):
        there = run.documents != NO_DOCUMENT
        keys.append(np.nonzero(there)[0] * len(order) + place_of[run.documents[there]])
        parts.append(share[there])
    key, target = np.unique(np.concatenate(keys), return_inverse=True)
    rows, places = np.divmod(key, max(1, len(order)), dtype=np.int64)
    sums = np.bincount(target, np.concatenate(parts), minlength=len(key))
    return rows, places, sums.astype(np.float64)
