"""The order of a ranking: which document comes first, above all where scores are equal."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.ids import tie_order
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

Ties = Literal["trec", "by-rank", "stable"]
"""Rules of order.

``trec``: score descending in single precision, then document id descending as bytes, as trec_eval.
``by-rank``: as ranked by whoever made the run; scores are not looked at.
``stable``: score descending in single precision; equal scores stay as they were ranked.
"""


def check_ties(ties: str) -> None:
    """Refuse a rule that does not exist.

    Raises:
        UsageError: Lists the rules.
    """
    if ties not in get_args(Ties):
        raise UsageError(f"unknown tie rule '{ties}'. Known: {', '.join(get_args(Ties))}.")


def order(run: Run, ties: Ties = "trec") -> Run:
    """The run with each row in the order of the rule.

    Raises:
        DataError: A score is NaN, so its document has no place; names query and document.
        UsageError: No such rule.
    """
    check_ties(ties)
    if ties == "by-rank" or not run.documents.size:
        return run
    _refuse_nan(run)
    keys = _falling(run.scores)
    if ties == "trec":
        keys = (keys << np.uint64(32)) | _tie_places(run)
    keys[run.documents == NO_DOCUMENT] = np.iinfo(np.uint64).max
    places = np.argsort(keys, axis=1, kind="stable")
    return Run(
        run.query_ids,
        run.doc_ids,
        np.take_along_axis(run.documents, places, axis=1),
        np.take_along_axis(run.scores, places, axis=1),
    )


def truncate(run: Run, depth: int) -> Run:
    """The first documents of each row (``trec_eval -M``)."""
    return Run(run.query_ids, run.doc_ids, run.documents[:, :depth], run.scores[:, :depth])


def _falling(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """Whole numbers below 2^32 that rise as the scores fall, equal where these are equal."""
    bits = (scores.astype(np.float32, copy=False) + np.float32(0.0)).view(np.uint32)
    negative = bits >> np.uint32(31) == 1
    return np.where(negative, bits, np.uint32(0x7FFFFFFF) - bits).astype(np.uint64)


def _tie_places(run: Run) -> npt.NDArray[np.uint64]:
    place_of = np.empty(len(run.doc_ids), dtype=np.uint64)
    place_of[tie_order(run.doc_ids)] = np.arange(len(run.doc_ids), dtype=np.uint64)
    return place_of[run.documents]


def _refuse_nan(run: Run) -> None:
    nan = np.argwhere(np.isnan(run.scores) & (run.documents != NO_DOCUMENT))
    if len(nan):
        row, column = nan[0]
        document = run.doc_ids[int(run.documents[row, column])]
        raise DataError(
            f"the score of document '{document}' for query '{run.query_ids[int(row)]}' is NaN, so it has no rank",
            field="score",
        )
