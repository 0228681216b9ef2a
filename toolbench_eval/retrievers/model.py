"""A model under evaluation: a retriever, the templates around its texts, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from toolbench_eval.cards import Templates
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.order import truncate
from toolbench_eval.ranking.run import Run
from toolbench_eval.retrievers.base import NeedsQrels, Retriever, Sized
from toolbench_eval.retrievers.cost import Cost, cost_of
from toolbench_eval.retrievers.templates import bounded, document_corpus, query_texts
from toolbench_eval.switches import ModelSwitches

REFERENCE_DEPTH = 100
"""Documents that MAIR's reference asks its index for, whatever the depth of the run."""


class Model(Protocol):
    """What the pipeline evaluates."""

    @property
    def name(self) -> str:
        """Name in results."""

    @property
    def revision(self) -> str | None:
        """Revision of the weights, where there are any."""

    @property
    def setting(self) -> dict[str, Any]:
        """All that changes its scores, as recorded in results."""

    def index(self, corpus: Corpus) -> None:
        """Prepare for searching this corpus."""

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """Rank the corpus for queries, with their instructions where they have any."""

    @property
    def index_bytes(self) -> int:
        """Memory that the index takes, 0 where it is not known."""


@dataclass(eq=False)
class TemplatedModel:
    """One retriever with templates; loaded when it is first used, so that finished work loads nothing.

    Attributes:
        name: Name in results.
        revision: Revision of the weights, where there are any.
        load: Makes the retriever.
        templates: Texts around queries and documents.
        switches: What the model is given.
        described: What the result records beside templates and switches.
        marked: Whether the retriever is shown where the query or document begins behind its template.
    """

    name: str
    revision: str | None
    load: Callable[[], Retriever]
    templates: Templates = field(default_factory=Templates)
    switches: ModelSwitches = field(default_factory=ModelSwitches)
    described: dict[str, Any] = field(default_factory=dict)
    marked: bool = False

    @cached_property
    def retriever(self) -> Retriever:
        """The loaded retriever."""
        return self.load()

    @property
    def setting(self) -> dict[str, Any]:
        """Templates, switches and the family's own parameters."""
        return {**self.described, "templates": self.templates.model_dump(), **self.switches.model_dump()}

    @property
    def index_bytes(self) -> int:
        """Memory that the index takes, 0 where the retriever does not say."""
        return self.retriever.index_bytes if isinstance(self.retriever, Sized) else 0

    @property
    def cost(self) -> Cost:
        """What the retriever used so far; nothing where it is not loaded or does not say."""
        return cost_of(vars(self).get("retriever"))

    @property
    def _shown(self) -> Templates:
        return bounded(self.templates) if self.marked else self.templates

    def index(self, corpus: Corpus) -> None:
        """Index the documents as the template shows them."""
        self._size = len(corpus)
        self.retriever.index(document_corpus(corpus, self._shown, self.switches))

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """Search the queries as the template shows them; equal texts are searched once."""
        if self.switches.small_corpora == "clamp" or self._size >= REFERENCE_DEPTH:
            return self._searched(queries, k, qrels)
        return truncate(last_document_last(self._searched(queries, self._size, qrels)), k)

    def _searched(self, queries: Queries, k: int, qrels: Qrels | None) -> Run:
        texts = query_texts(queries, self._shown, self.switches)
        if isinstance(self.retriever, NeedsQrels) and qrels is not None:
            self.retriever.reveal(qrels)
            return self.retriever.search(Queries(queries.ids, texts), k)
        distinct = texts.dictionary_encode()
        if len(distinct.dictionary) == len(texts):
            return self.retriever.search(Queries(queries.ids, texts), k)
        once = Queries(_numbered(len(distinct.dictionary)), distinct.dictionary)
        run = self.retriever.search(once, k)
        rows = distinct.indices.to_numpy()
        return Run(queries.ids, run.doc_ids, run.documents[rows], run.scores[rows])


def last_document_last(run: Run) -> Run:
    """The run with the corpus's last document at the end of every ranking, at the lowest score.

    What MAIR's reference makes of a corpus with fewer documents than the index is asked for: the
    padding of faiss, position -1, points at the last document and overwrites its score.
    """
    last = len(run.doc_ids) - 1
    order = np.argsort(run.documents == last, axis=1, kind="stable")
    documents = np.take_along_axis(run.documents, order, axis=1)
    scores = np.take_along_axis(run.scores, order, axis=1)
    scores[documents == last] = np.finfo(np.float32).min
    return Run(run.query_ids, run.doc_ids, documents, scores)


def _numbered(n: int) -> pa.LargeStringArray:
    return string_array(np.arange(n).astype(str).tolist())
