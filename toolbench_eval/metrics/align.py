"""Lay a run beside judgments: the rank of each judged document."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.ids import duplicates, positions_of
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.errors import DataError
from toolbench_eval.metrics.judged import Judged
from toolbench_eval.metrics.segments import Ints
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

Missing = Literal["zero", "drop"]
"""What becomes of judged queries that the run lacks: they score 0, or they are left out."""

_CELLS = 1 << 22
"""Most comparisons that are held at once."""

_FEW = 8
"""Judgments per query up to which comparing is faster than searching (measured, 100 to 1000 documents a query)."""


def align(run: Run, qrels: Qrels, missing: Missing = "zero") -> tuple[pa.LargeStringArray, Judged]:
    """The judged queries, in the order of the qrels, and the run seen through their judgments.

    Queries of the run without judgments are ignored.

    Args:
        run: Rankings; the order of each row is the ranking, scores are not looked at.
        qrels: Judgments.
        missing: ``zero``: every judged query counts, one that the run lacks retrieved nothing;
            ``drop``: only queries that the run has, as trec_eval.

    Returns:
        Ids of the n queries, and their judgments.

    Raises:
        DataError: The run names a query twice or ranks a document twice for it, a score is NaN, a row has a
            gap, a query of the qrels has no judgment or judges a document twice, or run and qrels have no
            query in common.
    """
    check_run(run)
    check_qrels(qrels)
    found = positions_of(qrels.query_ids, run.query_ids)
    if len(run) and len(qrels) and not np.any(found >= 0):
        raise DataError(
            f"no query of the run is judged: the run has '{run.query_ids[0]}' ..., the qrels have "
            f"'{qrels.query_ids[0]}' ...; are they of the same data set?"
        )
    kept = np.arange(len(qrels)) if missing == "zero" else np.flatnonzero(found >= 0)
    run_rows = found[kept]
    lengths = np.where(run_rows >= 0, run.lengths[run_rows], 0) if len(run) else np.zeros(len(kept), dtype=np.int64)

    row_of = np.full(len(qrels), -1, dtype=np.int64)
    row_of[kept] = np.arange(len(kept))
    rows = row_of[qrels.rows]
    counted = rows >= 0
    rows, grades = rows[counted], qrels.grades[counted].astype(np.int64)
    documents = _in_vocabulary(qrels, run)[qrels.documents[counted]]
    ranks = np.zeros(len(rows), dtype=np.int64)
    sought = np.flatnonzero((documents >= 0) & (run_rows[rows] >= 0))
    ranks[sought] = _ranks(run.documents, run_rows[rows[sought]], documents[sought])
    return qrels.query_ids.take(pa.array(kept)), Judged.of(lengths, rows, grades, ranks)


def check_run(run: Run) -> None:
    """Refuse a run that no measure can judge: NaN scores, gaps, queries or documents named twice.

    Raises:
        DataError: Names the query and the document.
    """
    again = duplicates(run.query_ids)
    if len(again):
        raise DataError(f"the run has query '{run.query_ids[int(again[0])]}' twice")
    if not run.documents.size:
        return
    retrieved = run.documents != NO_DOCUMENT
    if np.isnan(run.scores).any() and np.any(np.isnan(run.scores) & retrieved):
        row, column = np.argwhere(np.isnan(run.scores) & retrieved)[0]
        raise DataError(
            f"the score of document '{_document(run, row, column)}' for query '{run.query_ids[int(row)]}' is NaN, "
            "so it has no rank",
            field="score",
        )
    gaps = np.argwhere(retrieved[:, 1:] & ~retrieved[:, :-1])
    if len(gaps):
        raise DataError(f"the ranking of query '{run.query_ids[int(gaps[0][0])]}' has a gap at rank {gaps[0][1] + 1}")
    ordered = np.sort(run.documents, axis=1)
    twice = np.argwhere((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != NO_DOCUMENT))
    if len(twice):
        row, column = twice[0]
        document = run.doc_ids[int(ordered[row, column])]
        raise DataError(f"query '{run.query_ids[int(row)]}' ranks document '{document}' twice", field="document")


def check_qrels(qrels: Qrels) -> None:
    """Refuse qrels with a query without judgments, or with a pair judged twice.

    Raises:
        DataError: Names the query and the document.
    """
    again = duplicates(qrels.query_ids)
    if len(again):
        raise DataError(f"the qrels have query '{qrels.query_ids[int(again[0])]}' twice")
    empty = np.flatnonzero(qrels.lengths == 0)
    if len(empty):
        raise DataError(f"query '{qrels.query_ids[int(empty[0])]}' has no judgments; leave it out of the qrels")
    keys = qrels.rows * (len(qrels.doc_ids) + 1) + qrels.documents
    ordered = np.sort(keys)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        row, document = divmod(int(twice[0]), len(qrels.doc_ids) + 1)
        raise DataError(f"query '{qrels.query_ids[row]}' judges document '{qrels.doc_ids[document]}' twice")


def _document(run: Run, row: int, column: int) -> str:
    return str(run.doc_ids[int(run.documents[row, column])])


def _in_vocabulary(qrels: Qrels, run: Run) -> Ints:
    """Position in the run's vocabulary of each document of the qrels' vocabulary, -1 where it has none."""
    if qrels.doc_ids is run.doc_ids or qrels.doc_ids.equals(run.doc_ids):
        return np.arange(len(qrels.doc_ids), dtype=np.int64)
    return positions_of(qrels.doc_ids, run.doc_ids)


def _ranks(ranked: npt.NDArray[np.int32], run_rows: Ints, documents: Ints) -> Ints:
    """Rank from 1 of each document in its row of the run, 0 where it is not there."""
    if len(documents) <= _FEW * len(ranked):
        return _ranks_by_comparing(ranked, run_rows, documents)
    return _ranks_by_searching(ranked, run_rows, documents)


def _ranks_by_comparing(ranked: npt.NDArray[np.int32], run_rows: Ints, documents: Ints) -> Ints:
    """Compare each document with all of its row: best where judgments are few."""
    ranks = np.zeros(len(documents), dtype=np.int64)
    step = max(1, _CELLS // max(1, ranked.shape[1]))
    for first in range(0, len(documents), step):
        part = slice(first, first + step)
        pair, column = np.nonzero(ranked[run_rows[part]] == documents[part, None].astype(np.int32))
        ranks[first + pair] = column + 1
    return ranks


def _ranks_by_searching(ranked: npt.NDArray[np.int32], run_rows: Ints, documents: Ints) -> Ints:
    """Look all retrieved documents up among the judged ones: best where judgments are many."""
    span = max(int(ranked.max(initial=0)), int(documents.max(initial=0))) + 1
    sought = run_rows * span + documents
    order = np.argsort(sought)
    sought = sought[order]
    retrieved = (np.arange(len(ranked))[:, None] * span + ranked).ravel()
    place = np.minimum(np.searchsorted(sought, retrieved), len(sought) - 1)
    hit = np.flatnonzero((sought[place] == retrieved) & (ranked.ravel() != NO_DOCUMENT))
    ranks = np.zeros(len(documents), dtype=np.int64)
    ranks[order[place[hit]]] = hit % ranked.shape[1] + 1
    return ranks
