"""Several rows for each text: a vector for each token, or a weight for each term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ragged:
    """The rows of texts, one text after the other.

    Attributes:
        rows: float32 or float16, shape (all rows, d).
        lengths: Rows of each text, int64, shape (texts,).
    """

    rows: npt.NDArray[Any]
    lengths: Positions

    @classmethod
    def of(cls, texts: list[npt.NDArray[Any]]) -> Ragged:
        """From the rows of each text, at least one text; all of shape (its rows, d)."""
        return cls(np.concatenate(texts), np.array([len(rows) for rows in texts], dtype=np.int64))

    @property
    def offsets(self) -> Positions:
        """Where each text's rows begin, and where the last one's end; int64, shape (texts + 1,)."""
        return np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)

    def split(self) -> list[npt.NDArray[Any]]:
        """The rows of each text."""
        return np.split(self.rows, self.offsets[1:-1]) if len(self.lengths) else []


def rows_of(ragged: Ragged, texts: Sequence[int]) -> Ragged:
    """The rows of some of the texts, which are named by their positions."""
    chosen = np.asarray(texts, dtype=np.int64)
    lengths = ragged.lengths[chosen]
    return Ragged(ragged.rows[spans(ragged.offsets[chosen], lengths)], lengths)


def spans(starts: Positions, lengths: Positions) -> Positions:
    """The positions start, start + 1, ... of each span, one span after the other."""
    ends = np.cumsum(lengths)
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(int(ends[-1]) if len(ends) else 0)
