"""A run seen through judgments: for each judgment its grade and the rank of its document.

Whatever a run holds beside judged documents can only matter by its number. So a run of n queries x k
documents and a set of j judgments shrink to j pairs (grade, rank) and n lengths, and every measure is
arithmetic on at most j numbers, however deep the run is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toolbench_eval.metrics.segments import Floats, Ints, counts, places, running

UNJUDGED = np.iinfo(np.int32).min
"""Grade of a retrieved document without a judgment, in ``Judged.matrix``."""

NO_RESULT = UNJUDGED + 1
"""Fills ``Judged.matrix`` where a query has fewer documents than the deepest one."""


@dataclass(frozen=True, eq=False)
class Hits:
    """Judged documents that were retrieved, sorted by query and rank.

    Attributes:
        rows: Query position of each hit.
        ranks: Rank of each hit, from 1.
        grades: Grade of each hit.
    """

    rows: Ints
    ranks: Ints
    grades: Ints

    def where(self, mask: npt.NDArray[np.bool_]) -> Hits:
        """The hits at which the mask holds."""
        return Hits(self.rows[mask], self.ranks[mask], self.grades[mask])


@dataclass(frozen=True, eq=False)
class Judged:
    """Judgments of n queries and where the run put their documents.

    Attributes:
        lengths: Number of documents retrieved for each query, shape (n,).
        rows: Query position of each judgment, shape (j,); sorted, within a query by falling grade,
            within a grade by rank with the documents that were not retrieved last.
        grades: Grade of each judgment, shape (j,); below 0 means pooled but not judged, as in trec_eval.
        ranks: Rank from 1 of the document of each judgment, 0 where it was not retrieved, shape (j,).
    """

    lengths: Ints
    rows: Ints
    grades: Ints
    ranks: Ints

    @classmethod
    def of(cls, lengths: Ints, rows: Ints, grades: Ints, ranks: Ints) -> Judged:
        """Sort judgments given in any order."""
        unranked_last = np.where(ranks == 0, np.iinfo(np.int64).max, ranks)
        order = np.lexsort((unranked_last, -grades, rows))
        return cls(lengths, rows[order], grades[order], ranks[order])

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def hits(self) -> Hits:
        """The judged documents that were retrieved, by query and rank."""
        found = np.flatnonzero(self.ranks)
        order = found[np.lexsort((self.ranks[found], self.rows[found]))]
        return Hits(self.rows[order], self.ranks[order], self.grades[order])

    @cached_property
    def places(self) -> Ints:
        """Rank from 0 of each judgment in the ideal ranking of its query."""
        return places(self.rows, len(self))

    @cached_property
    def only_judged(self) -> Judged:
        """The same run without its unjudged documents, as ``trec_eval -J``: grades below 0 go as well."""
        kept = np.flatnonzero((self.ranks > 0) & (self.grades >= 0))
        order = kept[np.lexsort((self.ranks[kept], self.rows[kept]))]
        ranks = np.zeros_like(self.ranks)
        ranks[order] = 1 + places(self.rows[order], len(self))
        return Judged(counts(self.rows[kept], len(self)), self.rows, self.grades, ranks)

    def relevant(self, rel: int, cutoff: int | None = None) -> Hits:
        """Relevant documents that were retrieved.

        Args:
            rel: Lowest relevant grade.
            cutoff: Look at this many ranks only.
        """
        mask = self.hits.grades >= rel
        if cutoff is not None:
            mask &= self.hits.ranks <= cutoff
        return self.hits.where(mask)

    def numbering(self, hits: Hits) -> Ints:
        """Number of each hit within its query, from 1."""
        return 1 + places(hits.rows, len(self))

    def count(self, hits: Hits) -> Ints:
        """Number of hits of each query."""
        return counts(hits.rows, len(self))

    def num_rel(self, rel: int) -> Ints:
        """Number of relevant documents of each query, retrieved or not."""
        return counts(self.rows[self.grades >= rel], len(self))

    def count_before(self, mask: npt.NDArray[np.bool_]) -> Ints:
        """At each hit, the number of hits of its query up to and with it at which the mask holds."""
        return running(self.hits.rows, mask, len(self))

    def matrix(self) -> npt.NDArray[np.int32]:
        """Grade of every retrieved document, shape (n, deepest), for measures that want it whole.

        Holds ``UNJUDGED`` for documents without a judgment and ``NO_RESULT`` beyond a query's last one.
        """
        depth = int(self.lengths.max(initial=0))
        grades = np.full((len(self), depth), UNJUDGED, dtype=np.int32)
        grades[np.arange(depth) >= self.lengths[:, None]] = NO_RESULT
        grades[self.hits.rows, self.hits.ranks - 1] = self.hits.grades
        return grades


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """Quotients, 0 where the denominator is 0."""
    over, under = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    quotients = np.zeros(under.shape)
    np.divide(over, under, out=quotients, where=under != 0)
    return quotients
