"""Queries by position: id, text and, where the benchmark has them, instructions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.fingerprint import fingerprint_rows
from toolbench_eval.data.ids import string_array


@dataclass(frozen=True, eq=False)
class Queries:
    """Queries by position.

    Attributes:
        ids: Query ids, length n, unique.
        texts: Query texts, length n.
        instructions: Retrieval instructions, length n (null where a query has none), or None
            where the benchmark has none at all.
    """

    ids: pa.LargeStringArray
    texts: pa.LargeStringArray
    instructions: pa.LargeStringArray | None = None

    @classmethod
    def of(cls, ids: Iterable[str], texts: Iterable[str], instructions: Iterable[str | None] | None = None) -> Queries:
        """Build queries from Python strings."""
        given = None if instructions is None else string_array(instructions)
        return cls(string_array(ids), string_array(texts), given)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content: ids, texts and instructions, whatever their order."""
        instructions = self.instructions
        if instructions is None:
            instructions = pa.nulls(len(self), pa.large_string())
        return fingerprint_rows(self.ids, self.texts, instructions)

    def head(self, n: int) -> Queries:
        """The first n queries."""
        return self.take(np.arange(min(n, len(self))))

    def take(self, positions: npt.NDArray[np.int64]) -> Queries:
        """The queries at these positions, in this order."""
        at = pa.array(positions)
        instructions = None if self.instructions is None else self.instructions.take(at)
        return Queries(self.ids.take(at), self.texts.take(at), instructions)
