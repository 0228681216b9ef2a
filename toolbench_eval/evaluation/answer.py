"""What a model answered: checked, and laid out over the queries that were asked."""

from __future__ import annotations

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError
from toolbench_eval.ranking.run import NO_DOCUMENT, Run


def answer(run: Run, queries: Queries, corpus: Corpus, model: str) -> Run:
    """The run of a model over the queries that were asked, in their order.

    Args:
        run: What the model returned, in any order of queries.
        queries: What it was asked; a query that it left out gets an empty ranking.
        corpus: What it was to rank.
        model: Its name, for messages.

    Raises:
        DataError: It is no run, or ranks what is not in the corpus, or for queries that nobody asked.
    """
    if not isinstance(run, Run):
        raise DataError(f"the model '{model}' returned {type(run).__name__} instead of a Run")
    _check_shape(run, model)
    _check_documents(run, corpus, model)
    if run.query_ids.equals(queries.ids):
        return run
    foreign = np.flatnonzero(positions_of(run.query_ids, queries.ids) < 0)
    if len(foreign):
        raise DataError(f"the model '{model}' ranks for query '{run.query_ids[int(foreign[0])]}', which was not asked")
    rows = positions_of(queries.ids, run.query_ids)
    there = rows >= 0
    shape = (len(queries), run.depth)
    documents, scores = np.full(shape, NO_DOCUMENT, np.int32), np.full(shape, -np.inf, np.float32)
    documents[there], scores[there] = run.documents[rows[there]], run.scores[rows[there]]
    return Run(queries.ids, run.doc_ids, documents, scores)


def _check_shape(run: Run, model: str) -> None:
    if run.documents.ndim != 2 or run.documents.shape != run.scores.shape or len(run.documents) != len(run):
        shapes = f"documents {run.documents.shape}, scores {run.scores.shape}"
        raise DataError(f"the run of the model '{model}' has {len(run)} queries, but the shapes {shapes}")
    if run.documents.size and not NO_DOCUMENT <= run.documents.min() <= run.documents.max() < len(run.doc_ids):
        raise DataError(f"the run of the model '{model}' points outside its {len(run.doc_ids)} document ids")


def _check_documents(run: Run, corpus: Corpus, model: str) -> None:
    known = positions_of(run.doc_ids, corpus.ids) >= 0
    if known.all():
        return
    ranked = np.unique(run.documents[run.documents != NO_DOCUMENT])
    unknown = ranked[~known[ranked]]
    if len(unknown):
        raise DataError(f"the model '{model}' ranks document '{run.doc_ids[int(unknown[0])]}', which the corpus lacks")
