"""Runs that look like the judgments: flagged for a person to look at, never judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from toolbench_eval.metrics.judged import Judged
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

SHARE = 0.95
"""Share of an entry's queries at which a pattern is worth a word."""

FEWEST = 20
"""Queries below which a pattern may be chance."""


@dataclass(frozen=True)
class Shape:
    """What the runs of some queries look like.

    Attributes:
        queries: Number of queries.
        ideal: Queries whose relevant documents all stand first, by falling grade.
        stepped: Of these, those whose scores change exactly where the grade does.
        judged_only: Queries whose run holds judged documents and nothing else.
    """

    queries: int = 0
    ideal: int = 0
    stepped: int = 0
    judged_only: int = 0

    def __add__(self, other: Shape) -> Shape:
        return Shape(
            self.queries + other.queries,
            self.ideal + other.ideal,
            self.stepped + other.stepped,
            self.judged_only + other.judged_only,
        )


def shape_of(run: Run, judged: Judged) -> Shape:
    """The shape of a run whose rows are those of the judgments it was laid beside."""
    grades = _grades_by_rank(judged, run.depth)
    relevant = np.bincount(judged.rows[judged.grades > 0], minlength=len(judged))
    found = (grades > 0).sum(axis=1)
    first = np.arange(run.depth) < np.minimum(relevant, run.depth)[:, None]
    there = run.documents != NO_DOCUMENT
    pairs = there[:, 1:]
    falling = ((np.diff(grades, axis=1) <= 0) | ~pairs).all(axis=1)
    ideal = (relevant > 0) & (found >= np.minimum(relevant, run.depth)) & ((grades > 0) == first).all(axis=1) & falling
    steps = (np.diff(grades, axis=1) != 0) & pairs
    changes = (run.scores[:, 1:] != run.scores[:, :-1]) & pairs
    hits = np.bincount(judged.rows[judged.ranks > 0], minlength=len(judged))
    return Shape(
        queries=len(judged),
        ideal=int(ideal.sum()),
        stepped=int((ideal & (steps == changes).all(axis=1)).sum()),
        judged_only=int(((judged.lengths > 0) & (hits == judged.lengths)).sum()),
    )


def suspicions(shapes: Sequence[Shape]) -> Iterator[str]:
    """What is worth a word about the runs of all tasks together."""
    shape = sum(shapes, Shape())
    if shape.queries < FEWEST:
        return
    if shape.ideal >= SHARE * shape.queries:
        stepped = ", with scores that are steps of the grade" if shape.stepped >= SHARE * shape.ideal else ""
        yield (
            f"{shape.ideal} of {shape.queries} queries rank all relevant documents first, by grade{stepped}: "
            "so does an oracle that reads the judgments"
        )
    if shape.judged_only >= SHARE * shape.queries:
        yield f"the runs of {shape.judged_only} of {shape.queries} queries hold judged documents only"


def _grades_by_rank(judged: Judged, depth: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Grade of the document at each rank, 0 where it is not judged or not relevant."""
    grades = np.zeros((len(judged), depth), dtype=np.int64)
    hit = (judged.ranks > 0) & (judged.grades > 0)
    grades[judged.rows[hit], judged.ranks[hit] - 1] = judged.grades[hit]
    return grades
