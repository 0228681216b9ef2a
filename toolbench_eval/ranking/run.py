"""A run: for each query, document positions and scores in rank order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

NO_DOCUMENT = -1
"""Stands in ``Run.documents`` where a query has fewer documents than the run is deep."""


@dataclass(frozen=True, eq=False)
class Run:
    """Ranked documents of queries, best first.

    Attributes:
        query_ids: Query ids, length n.
        doc_ids: Vocabulary of document ids that ``documents`` points into.
        documents: int32, shape (n, k): positions in ``doc_ids``, best first; rows with fewer than
            k documents end in ``NO_DOCUMENT``.
        scores: float32, shape (n, k); minus infinity beside ``NO_DOCUMENT``.
    """

    query_ids: pa.LargeStringArray
    doc_ids: pa.LargeStringArray
    documents: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.query_ids)

    @property
    def depth(self) -> int:
        """Number of columns: the most documents a query can have here."""
        return int(self.documents.shape[1])

    def ranked(self) -> Run:
        """The queries that have at least one document."""
        kept = np.flatnonzero(self.lengths)
        return Run(self.query_ids.take(pa.array(kept)), self.doc_ids, self.documents[kept], self.scores[kept])

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of documents of each query."""
        return np.asarray((self.documents != NO_DOCUMENT).sum(axis=1), dtype=np.int64)
