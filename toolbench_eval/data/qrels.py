"""Relevance judgments as arrays: a CSR of graded labels over query and document positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.fingerprint import fingerprint_rows
from toolbench_eval.data.ids import string_array


@dataclass(frozen=True, eq=False)
class Qrels:
    """Judgments of queries, as a CSR matrix of grades.

    The judgments of query ``q`` are ``documents[indptr[q]:indptr[q + 1]]`` with ``grades`` at the
    same places. A pair that is not listed is unjudged.

    Attributes:
        query_ids: Ids of the judged queries, length n.
        doc_ids: Vocabulary of document ids that ``documents`` points into.
        indptr: int64, length n + 1.
        documents: int32 positions in ``doc_ids``, unique within a query.
        grades: int32, one for each entry of ``documents``; below 1 means not relevant.
    """

    query_ids: pa.LargeStringArray
    doc_ids: pa.LargeStringArray
    indptr: npt.NDArray[np.int64]
    documents: npt.NDArray[np.int32]
    grades: npt.NDArray[np.int32]

    @classmethod
    def of(cls, judgments: Mapping[str, Mapping[str, int]]) -> Qrels:
        """Build qrels from nested dictionaries, as pytrec_eval takes them (small data, tests)."""
        vocabulary = {doc: at for at, doc in enumerate(sorted({d for row in judgments.values() for d in row}))}
        lengths = [len(row) for row in judgments.values()]
        pairs = [(vocabulary[doc], grade) for row in judgments.values() for doc, grade in row.items()]
        return cls.from_lengths(
            string_array(judgments), string_array(vocabulary), lengths, [d for d, _ in pairs], [g for _, g in pairs]
        )

    @classmethod
    def from_lengths(
        cls,
        query_ids: pa.LargeStringArray,
        doc_ids: pa.LargeStringArray,
        lengths: Iterable[int],
        documents: Iterable[int],
        grades: Iterable[int],
    ) -> Qrels:
        """Build qrels from the number of judgments of each query and the flat lists of them."""
        indptr = np.concatenate([[0], np.cumsum(np.fromiter(lengths, np.int64))]).astype(np.int64)
        return cls(query_ids, doc_ids, indptr, np.fromiter(documents, np.int32), np.fromiter(grades, np.int32))

    def __len__(self) -> int:
        return len(self.query_ids)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of judgments of each query."""
        return np.diff(self.indptr)

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Query position of each judgment."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all (query id, document id, grade) triples, whatever their order."""
        return fingerprint_rows(
            self.query_ids.take(pa.array(self.rows)), self.doc_ids.take(pa.array(self.documents)), self.grades.tolist()
        )

    def head(self, n: int) -> Qrels:
        """The judgments of the first n queries."""
        end = self.indptr[min(n, len(self))]
        return Qrels(
            self.query_ids.slice(0, n), self.doc_ids, self.indptr[: n + 1], self.documents[:end], self.grades[:end]
        )
