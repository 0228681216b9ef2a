"""Runs of several splits as the run of one task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.ids import positions_of
from toolbench_eval.errors import DataError
from toolbench_eval.ranking.run import NO_DOCUMENT, Run


def sorted_vocabulary(vocabularies: Sequence[pa.LargeStringArray]) -> pa.LargeStringArray:
    """All document ids, each once, in ascending order: so the order of a file never matters."""
    distinct = pa.concat_arrays(list(vocabularies)).unique()
    return distinct.sort()


def merged(runs: Sequence[Run], vocabulary: pa.LargeStringArray) -> Run:
    """Runs one below the other, over one vocabulary.

    Args:
        runs: Runs of different queries; they may differ in depth and in vocabulary.
        vocabulary: Document ids of all of them.

    Raises:
        DataError: A run has a document that the vocabulary lacks.
    """
    depth = max((run.depth for run in runs), default=0)
    return Run(
        pa.concat_arrays([run.query_ids for run in runs]),
        vocabulary,
        np.concatenate([_padded(_renumbered(run, vocabulary), depth, NO_DOCUMENT) for run in runs]),
        np.concatenate([_padded(run.scores, depth, -np.inf) for run in runs]),
    )


def _renumbered(run: Run, vocabulary: pa.LargeStringArray) -> npt.NDArray[np.int32]:
    position = positions_of(run.doc_ids, vocabulary).astype(np.int32)
    there = run.documents != NO_DOCUMENT
    documents = np.where(there, position[run.documents], np.int32(NO_DOCUMENT))
    if (there & (documents < 0)).any():
        row, rank = np.argwhere(there & (documents < 0))[0]
        name = run.doc_ids[int(run.documents[row, rank])]
        raise DataError(f"query '{run.query_ids[int(row)]}' was given the document '{name}', which the corpus lacks")
    return documents


def _padded(rows: npt.NDArray[np.generic], depth: int, fill: float) -> npt.NDArray[np.generic]:
    lacking = depth - rows.shape[1]
    return np.pad(rows, ((0, 0), (0, lacking)), constant_values=fill) if lacking else rows
