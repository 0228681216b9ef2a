"""Small runs by document id."""

from __future__ import annotations

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import NO_DOCUMENT, Run


def run_of(corpus: Corpus, queries: Queries, rows: list[list[str]], scores: list[list[float]] | None = None) -> Run:
    """A run from document ids; without scores they fall from 10 by 1."""
    ids = corpus.ids.to_pylist()
    depth = max(len(row) for row in rows)
    documents = np.full((len(rows), depth), NO_DOCUMENT, np.int32)
    values = np.full((len(rows), depth), -np.inf, np.float32)
    for at, row in enumerate(rows):
        documents[at, : len(row)] = [ids.index(name) for name in row]
        values[at, : len(row)] = scores[at] if scores else [10.0 - rank for rank in range(len(row))]
    return Run(queries.ids, corpus.ids, documents, values)


def ids_of(run: Run) -> list[list[str]]:
    """The ranked ids of each query."""
    ids = run.doc_ids.to_pylist()
    return [[ids[at] for at in row if at != NO_DOCUMENT] for row in run.documents]
