"""Ablations of the instruction: whose instruction does a query get?"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pyarrow as pa

from toolbench_eval.data.ids import string_array
from toolbench_eval.data.queries import Queries

Kind = Literal["own", "shuffled", "generic"]

GENERIC = "Given a query, retrieve the documents that answer it or help to do what it asks for."
"""The same words for every query: tells the model nothing about this one."""


def instructed(queries: Queries, kind: Kind, seed: int) -> Queries:
    """The queries with the instructions of an ablation.

    `own` leaves them as they are. `shuffled` gives each query another one's instruction, by a random
    cyclic order within the split, so that no query keeps its own place; where `all_the_same`, that
    changes nothing. Instructions of other tasks are not lent: a score would depend on what is run together.
    `generic` gives all the same sentence. Queries without an instruction stay without.

    Args:
        queries: The queries of one split.
        kind: The ablation.
        seed: Seed of the order.
    """
    if kind == "own" or queries.instructions is None or len(queries) == 0:
        return queries
    if kind == "generic":
        given = [None if text is None else GENERIC for text in queries.instructions.to_pylist()]
        return replace(queries, instructions=string_array(given))
    order = np.random.default_rng(seed).permutation(len(queries))
    giver = np.empty_like(order)
    giver[order] = np.roll(order, 1)
    return replace(queries, instructions=queries.instructions.take(pa.array(giver)))


def all_the_same(queries: Queries) -> bool:
    """Whether the queries of a split have instructions, and all the same one, so that none can be exchanged."""
    if queries.instructions is None:
        return False
    found = queries.instructions.unique()
    return len(found) == 1 and found[0].is_valid
