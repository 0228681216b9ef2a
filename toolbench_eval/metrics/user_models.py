"""Measures with a model of the user: rank-biased precision, expected reciprocal rank, the C/W/L family."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from toolbench_eval.errors import DataError
from toolbench_eval.metrics.judged import Judged, ratio
from toolbench_eval.metrics.segments import Floats, maxima, running_products, starts, sums

CWL_DEPTH = 1000
"""Ranks over which C/W/L measures spread their attention, as cwl_eval does whatever was retrieved."""

_BLOCK = 256


def rank_biased_precision(
    judged: Judged, p: float = 0.8, rel: int | None = None, max_rel: int | None = None, cutoff: int | None = None
) -> Floats:
    """RBP: (1 - p) x sum of gain x p^(rank - 1) (Moffat and Zobel 2008).

    Args:
        judged: The run seen through judgments.
        p: Persistence of the user.
        rel: Lowest relevant grade: the gain is 1 from there, else 0. Without it the gain is graded.
        max_rel: Grade whose gain is 1, where the gain is graded (higher grades too); without it, the highest
            grade of the query, as trec_eval (``rbp``).
        cutoff: Look at this many ranks only.
    """
    hits = judged.relevant(1 if rel is None else rel, cutoff)
    gain = np.ones(len(hits.rows))
    if rel is None:
        top = maxima(judged.rows, judged.grades.astype(np.float64), len(judged))
        gain = np.minimum(hits.grades / (np.maximum(top, 1.0)[hits.rows] if max_rel is None else max_rel), 1.0)
    return (1.0 - p) * sums(hits.rows, gain * p ** (hits.ranks - 1.0), len(judged))


def rank_biased_residual(judged: Judged, p: float = 0.9) -> Floats:
    """RBPResid: how much RBP could gain if all unjudged documents were relevant (trec_eval ``rbp_resid``).

    Grades below 0 are unjudged, and so is what lies beyond the last document; 0 where all documents
    retrieved are judged, as the program has it.
    """
    hits = judged.relevant(0)
    known = (1.0 - p) * sums(hits.rows, p ** (hits.ranks - 1.0), len(judged))
    return np.where(judged.count(hits) < judged.lengths, 1.0 - known, 0.0)


def expected_reciprocal_rank(judged: Judged, cutoff: int | None = None, max_rel: int = 4) -> Floats:
    """ERR: expected reciprocal of the rank at which the user is satisfied (Chapelle et al. 2009).

    A document satisfies with probability (2^grade - 1) / 2^max_rel, as gdeval.

    Raises:
        DataError: A retrieved document has a grade above ``max_rel``.
    """
    hits = judged.relevant(1, cutoff)
    highest = int(judged.grades.max(initial=0))
    if highest > max_rel:
        raise DataError(
            f"ERR takes grades up to max_rel={max_rel}, the judgments go up to {highest}: write ERR(max_rel={highest})"
        )
    n = len(judged)
    satisfied = (np.exp2(hits.grades) - 1.0) / 2.0**max_rel
    unsatisfied = running_products(hits.rows, 1.0 - satisfied, n)
    reached = np.ones(len(hits.rows))
    reached[1:] = unsatisfied[:-1]
    first = starts(hits.rows, n)
    reached[first[judged.count(hits) > 0]] = 1.0
    return sums(hits.rows, satisfied * reached / hits.ranks, n)


def scaled_dcg(judged: Judged, cutoff: int, max_rel: int, min_rel: int = 0) -> Floats:
    """SDCG@k: discounted gain over that of k documents of full gain (Järvelin and Kekäläinen 2002; cwl_eval)."""
    hits = judged.relevant(1, cutoff)
    gain = _scaled(hits.grades, min_rel, max_rel)
    full = np.sum(1.0 / np.log2(np.arange(2, cutoff + 2)))
    return sums(hits.rows, gain / np.log2(hits.ranks + 1.0), len(judged)) / full


def bejeweled_player(judged: Judged, cutoff: int, max_rel: int, min_rel: int = 0, T: float = 1.0) -> Floats:  # noqa: N803
    """BPM: the user goes on until T of gain or k documents are seen (Zhang et al. 2017; static, cwl_eval)."""

    def continuation(gain: Floats, ranks: Floats) -> Floats:
        return ((np.cumsum(gain, axis=1) < T) & (ranks < cutoff)).astype(np.float64)

    return _cwl(judged, continuation, min_rel, max_rel)


def insq(judged: Judged, max_rel: int, min_rel: int = 0, T: float = 1.0) -> Floats:  # noqa: N803
    """INSQ: the user goes on from rank i with probability ((i + 2T - 1) / (i + 2T))^2 (Moffat et al. 2012)."""
    return _cwl(judged, lambda gain, ranks: _patience(ranks, T) + 0.0 * gain, min_rel, max_rel)


def inst(judged: Judged, max_rel: int, min_rel: int = 0, T: float = 1.0) -> Floats:  # noqa: N803
    """INST: INSQ with patience that follows the gain still hoped for (Moffat et al. 2015; cwl_eval)."""

    def continuation(gain: Floats, ranks: Floats) -> Floats:
        hoped = ranks + T + (T - np.cumsum(gain, axis=1))
        return ((hoped - 1.0) / hoped) ** 2

    return _cwl(judged, continuation, min_rel, max_rel)


def nerr8(judged: Judged, cutoff: int, max_rel: int, min_rel: int = 0) -> Floats:
    """NERR8@k: gain-based stopping, at most k documents (Azzopardi et al. 2021, equation 8)."""
    return _cwl(judged, lambda gain, ranks: (1.0 - gain) * (ranks < cutoff), min_rel, max_rel)


def nerr9(judged: Judged, cutoff: int, max_rel: int, min_rel: int = 0) -> Floats:
    """NERR9@k: NERR8 with a discount by rank (Azzopardi et al. 2021, equation 9)."""
    return _cwl(judged, lambda gain, ranks: ranks / (ranks + 1.0) * (1.0 - gain) * (ranks < cutoff), min_rel, max_rel)


def nerr10(judged: Judged, max_rel: int, min_rel: int = 0, p: float = 0.9) -> Floats:
    """NERR10: gain-based stopping and the patience of RBP (Azzopardi et al. 2021, equation 10)."""
    return _cwl(judged, lambda gain, ranks: p * (1.0 - gain), min_rel, max_rel)


def nerr11(judged: Judged, max_rel: int, min_rel: int = 0, T: float = 1.0) -> Floats:  # noqa: N803
    """NERR11: gain-based stopping and the patience of INSQ (Azzopardi et al. 2021, equation 11)."""
    return _cwl(judged, lambda gain, ranks: _patience(ranks, T) * (1.0 - gain), min_rel, max_rel)


def _patience(ranks: Floats, goal: float) -> Floats:
    return ((ranks + 2.0 * goal - 1.0) / (ranks + 2.0 * goal)) ** 2


def _scaled(grades: np.typing.NDArray[np.int64], min_rel: int, max_rel: int) -> Floats:
    return np.clip((grades - float(min_rel)) / (max_rel - min_rel), 0.0, 1.0)


def _cwl(judged: Judged, continuation: Callable[[Floats, Floats], Floats], min_rel: int, max_rel: int) -> Floats:
    """Expected utility of the C/W/L framework (Moffat et al. 2017), as cwl_eval computes it.

    Args:
        judged: The run seen through judgments.
        continuation: From gains, shape (b, CWL_DEPTH), and ranks from 1, shape (1, CWL_DEPTH), the probability
            to go on from each rank to the next.
        min_rel: Grade whose gain is 0; lower grades and unjudged documents have none either.
        max_rel: Grade whose gain is 1; higher grades too.
    """
    ranks = np.arange(1.0, CWL_DEPTH + 1.0)[None, :]
    utilities = [np.zeros(0)]
    for gain in _gain_blocks(judged, min_rel, max_rel):
        going_on = continuation(gain, ranks)
        weights = np.ones_like(gain)
        np.cumprod(going_on[:, :-1], axis=1, out=weights[:, 1:])
        utilities.append(ratio((weights * gain).sum(axis=1), weights.sum(axis=1)))
    return np.concatenate(utilities)


def _gain_blocks(judged: Judged, min_rel: int, max_rel: int) -> Iterator[Floats]:
    hits = judged.relevant(1, CWL_DEPTH)
    scaled = _scaled(hits.grades, min_rel, max_rel)
    for first in range(0, len(judged), _BLOCK):
        last = min(first + _BLOCK, len(judged))
        part = slice(*np.searchsorted(hits.rows, [first, last]))
        gain = np.zeros((last - first, CWL_DEPTH))
        gain[hits.rows[part] - first, hits.ranks[part] - 1] = scaled[part]
        yield gain
