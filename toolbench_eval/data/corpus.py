"""A corpus: documents (or tools) by position, each with an id and a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.fingerprint import fingerprint_order, fingerprint_rows
from toolbench_eval.data.ids import string_array, tie_order
from toolbench_eval.errors import UsageError


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents by position.

    Attributes:
        ids: Document ids, length n, unique.
        texts: Document texts, length n.
        groups: The part of the source each document came from (for ToolRet its category),
            length n, or None where the source has one part only.
        ties: Which of two documents with equal scores is ranked first: `trec` the one with the
            higher id (trec_eval), `stable` the one that stands first in the corpus.
    """

    ids: pa.LargeStringArray
    texts: pa.LargeStringArray
    groups: pa.LargeStringArray | None = None
    ties: Literal["trec", "stable"] = "trec"

    @classmethod
    def of(cls, ids: Iterable[str], texts: Iterable[str]) -> Corpus:
        """Build a corpus from Python strings."""
        return cls(string_array(ids), string_array(texts))

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content: ids and texts, whatever their order or file format."""
        return fingerprint_rows(self.ids, self.texts)

    @cached_property
    def order(self) -> str:
        """SHA-256 of the ids in corpus order, for the few choices that depend on it."""
        return fingerprint_order(self.ids)

    @cached_property
    def tie_order(self) -> npt.NDArray[np.int64]:
        """Positions of the documents, the one that wins a tie first."""
        return tie_order(self.ids) if self.ties == "trec" else np.arange(len(self), dtype=np.int64)

    def take(self, positions: npt.NDArray[np.int64]) -> Corpus:
        """The documents at these positions, in this order."""
        at = pa.array(positions)
        groups = None if self.groups is None else self.groups.take(at)
        return replace(self, ids=self.ids.take(at), texts=self.texts.take(at), groups=groups)

    def only_group(self, group: str) -> Corpus:
        """The documents of one group, in corpus order.

        Raises:
            UsageError: There is no such group, or the corpus has none at all.
        """
        known = [] if self.groups is None else self.groups.unique().to_pylist()
        if group not in known:
            found = f"its parts are {', '.join(known)}" if known else "it is not in parts"
            raise UsageError(f"the corpus has no part '{group}' to search in; {found}. Use --set scope=pooled")
        return self.take(np.flatnonzero(pc.equal(self.groups, group).to_numpy(zero_copy_only=False)))
