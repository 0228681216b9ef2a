"""Measures over groups of queries: does a ranking follow the instruction?

They compare queries with one another, so they take per-query values and the groups, not single rankings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def p_mrr(before: Ints, after: Ints) -> Floats:
    """How far documents that stopped being relevant fell when the instruction changed.

    With rank R under the old and R' under the new instruction, FollowIR (Weller et al. 2024) takes
    MRR / MRR' - 1 = R' / R - 1 if the document rose, and 1 - MRR' / MRR = 1 - R / R' if it fell or stayed:
    towards 1 the instruction is followed, towards -1 the opposite is done.

    Args:
        before: Ranks from 1 of the documents under the old instruction, shape (n,).
        after: Their ranks under the new instruction, shape (n,).

    Returns:
        One value in (-1, 1) for each document.
    """
    old, new = before.astype(np.float64), after.astype(np.float64)
    return np.where(old > new, new / old - 1.0, 1.0 - old / new)


def pairwise_accuracy(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> Floats:
    """Whether both queries of a contrasting pair prefer their own document (NevIR, Weller et al. 2024).

    Args:
        first: Whether the first query of each pair ranks its document above the other's, shape (n,).
        second: The same for the second query, shape (n,).

    Returns:
        1 where both do, else 0: a model that always prefers one of the documents gets 0.
    """
    return (first & second).astype(np.float64)


def robustness(values: Floats, groups: Sequence[str]) -> dict[str, float]:
    """The worst value of each group of queries that differ in the instruction only (InstructIR, Oh et al. 2024).

    Args:
        values: A per-query measure (InstructIR: nDCG@10), shape (n,).
        groups: The group of each query.

    Returns:
        Group -> its lowest value.
    """
    worst: dict[str, float] = {}
    for group, value in zip(groups, values.tolist(), strict=True):
        worst[group] = min(worst.get(group, value), value)
    return worst
