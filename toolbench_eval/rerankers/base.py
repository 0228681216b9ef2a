"""What a reranker is, and how its scores become a run."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

DEPTH = 100
"""Documents of a first stage that are reranked, where a card says nothing else (ToolRet and MAIR: 100)."""

Scores = npt.NDArray[np.float32]


class Reranker(Protocol):
    """Reorders the documents that another model found. Any object with this method can be evaluated."""

    def rerank(self, queries: Queries, run: Run, corpus: Corpus) -> Run:
        """Reorder every document of a run.

        Args:
            queries: Their `texts` are final: templates are applied already. `instructions` are those of the
                benchmark, for rerankers that give them a place of their own.
            run: What the first stage found; rows as in `queries`, positions in `corpus.ids`.
            corpus: The documents, their texts final.

        Returns:
            The same documents in a new order with the reranker's scores; of equal scores the document that is
            first in `corpus.tie_order` is first (see `ranked`).
        """


@runtime_checkable
class Metered(Protocol):
    """Something that can say what it used."""

    @property
    def cost(self) -> dict[str, float]:
        """Calls, tokens, repairs, dollars ...: for the record, no part of a result's identity."""


@runtime_checkable
class RevealedQrels(Protocol):
    """A reranker that is shown the labels: a bound, not a system."""

    def reveal(self, qrels: Qrels) -> None:
        """Take the labels of the queries that are reranked next."""


def in_corpus(run: Run, corpus: Corpus) -> Run:
    """The run with positions in the corpus.

    Raises:
        DataError: It has documents that the corpus lacks.
    """
    if run.doc_ids is corpus.ids:
        return run
    there = run.documents != NO_DOCUMENT
    places = positions_of(run.doc_ids, corpus.ids)
    documents = np.where(there, places[run.documents], NO_DOCUMENT).astype(np.int32)
    lost = np.argwhere(there & (documents < 0))
    if len(lost):
        row, column = lost[0]
        document = run.doc_ids[int(run.documents[row, column])]
        raise DataError(
            f"the first stage ranks document '{document}' for query '{run.query_ids[int(row)]}', which the corpus "
            "lacks: is it a run over the same documents?"
        )
    return Run(run.query_ids, corpus.ids, documents, run.scores)


def ranked(run: Run, scores: Scores, corpus: Corpus) -> Run:
    """The documents of a run in the order of new scores, equal ones in the corpus's tie order.

    Args:
        run: Positions in `corpus.ids`.
        scores: float32, shape as `run.documents`: the score of the document *at the same place*.
        corpus: The documents.

    Raises:
        DataError: A score is NaN or infinite; names query and document.
    """
    there = run.documents != NO_DOCUMENT
    broken = np.argwhere(there & ~np.isfinite(scores))
    if len(broken):
        row, column = broken[0]
        raise DataError(
            f"the reranker scores document '{corpus.ids[int(run.documents[row, column])]}' for query "
            f"'{run.query_ids[int(row)]}' with {scores[row, column]}; compute in float32, or look at the text"
        )
    place_of = np.empty(len(corpus), dtype=np.int64)
    place_of[corpus.tie_order] = np.arange(len(corpus))
    final = np.where(there, scores, -np.inf).astype(np.float32)
    places = np.where(there, place_of[run.documents], len(corpus))
    order = np.lexsort((places, -final), axis=-1)
    return Run(
        run.query_ids,
        corpus.ids,
        np.take_along_axis(run.documents, order, axis=1),
        np.take_along_axis(final, order, axis=1),
    )


def with_rest(reranked: Run, run: Run) -> Run:
    """A reranked top, and below it what the first stage has below, in the first stage's order.

    Scores of two models do not compare, so the rest gets new ones that fall in equal steps of at least 1 from the
    lowest reranked score: the run is then in the order of its scores, whoever sorts it.

    Args:
        reranked: The reranked top, shape (n, d).
        run: The whole first stage, shape (n, k) with k at least d; its first d places hold the same documents.
    """
    depth = reranked.depth
    rest = run.documents[:, depth:]
    if not rest.size:
        return reranked
    lowest = np.where(np.isfinite(reranked.scores), reranked.scores, np.inf).min(axis=1, initial=np.inf)
    lowest = np.where(np.isfinite(lowest), lowest, 0.0).astype(np.float64)
    # Near a large number float32 has no neighbours at a distance of 1, and scores would tie.
    step = np.maximum(1.0, 4 * np.spacing(np.abs(lowest).astype(np.float32)).astype(np.float64))
    falling = lowest[:, None] - step[:, None] * np.arange(1, rest.shape[1] + 1)
    scores = np.where(rest != NO_DOCUMENT, falling, -np.inf).astype(np.float32)
    return Run(
        run.query_ids,
        run.doc_ids,
        np.concatenate([reranked.documents, rest], axis=1),
        np.concatenate([reranked.scores, scores], axis=1),
    )
