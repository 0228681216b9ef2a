"""Searching for many agents at once: one index, one search for all queries that wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.agents.session import Search
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.passages import Passage, Passages
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.retrievers.model import Model

Positions = npt.NDArray[np.int64]


@dataclass(eq=False)
class SharedModel:
    """A model that several tasks and threads search with, one at a time.

    It knows which passages it has indexed: tasks that share a corpus share its index, and none can find itself
    searching the corpus of another.

    Attributes:
        model: The model.
    """

    model: Model
    _indexed: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, model: Model) -> SharedModel:
        """The model; itself if it is one already."""
        return model if isinstance(model, SharedModel) else cls(model)

    @property
    def name(self) -> str:
        """Name in results."""
        return self.model.name

    @property
    def revision(self) -> str | None:
        """Revision of the weights, where there are any."""
        return self.model.revision

    @property
    def setting(self) -> dict[str, Any]:
        """All that changes its scores."""
        return self.model.setting

    @property
    def index_bytes(self) -> int:
        """Memory that the index takes, 0 where it is not known."""
        return self.model.index_bytes

    def index(self, corpus: Corpus) -> None:
        """Prepare for searching this corpus; for somebody who has the model alone."""
        with self._lock:
            self._indexed = None
            self.model.index(corpus)

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """Search what was indexed last; for somebody who has the model alone."""
        with self._lock:
            return self.model.search(queries, k, qrels)

    def prepare(self, passages: Passages) -> None:
        """Index passages, unless they are what was indexed last."""
        with self._lock:
            self._prepare(passages)

    def search_in(self, passages: Passages, texts: Sequence[str], k: int) -> list[Positions]:
        """The positions of the k best passages for each text, best first."""
        queries = Queries.of([str(at) for at in range(len(texts))], texts)
        with self._lock:
            self._prepare(passages)
            run = self.model.search(queries, min(k, len(passages)))
        rows = positions_of(queries.ids, run.query_ids)
        return [_found(run, int(row), passages) for row in rows]

    def _prepare(self, passages: Passages) -> None:
        if self._indexed != passages.fingerprint:
            self._indexed = None
            self.model.index(passages.corpus)
            self._indexed = passages.fingerprint


def _found(run: Run, row: int, passages: Passages) -> Positions:
    """A row's documents by their place among the passages; a model may have its own order of queries and documents."""
    if row < 0:
        return np.empty(0, dtype=np.int64)
    ranked = run.documents[row]
    documents: Positions = ranked[ranked != NO_DOCUMENT].astype(np.int64)
    if run.doc_ids is passages.ids or run.doc_ids.equals(passages.ids):
        return documents
    return positions_of(run.doc_ids.take(pa.array(documents)), passages.ids)


@dataclass(frozen=True)
class _Wanted:
    query: str
    k: int
    found: Future[Positions]


@dataclass
class SharedSearch:
    """Searches one corpus for samples that run in threads.

    Queries that arrive while a search is under way are searched together in the next one, and a query is never
    searched twice.

    Attributes:
        model: The retriever.
        passages: What is searched.
    """

    model: SharedModel
    passages: Passages
    searched: int = 0
    batches: int = 0
    _queue: SimpleQueue[_Wanted | None] = field(default_factory=SimpleQueue)
    _known: dict[tuple[str, int], Future[Positions]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: bool = False

    @contextmanager
    def opened(self) -> Iterator[SharedSearch]:
        """Index the passages, before any sample's time runs and any model is paid for; then search."""
        self.model.prepare(self.passages)
        self._open = True
        thread = threading.Thread(target=self._work, name="search", daemon=True)
        thread.start()
        try:
            yield self
            self._close()
            thread.join()
        finally:
            self._close()  # whoever interrupts does not wait for the search that is under way

    def __call__(self, query: str, k: int) -> list[Passage]:
        """The k best passages for a query; waits for them.

        Raises:
            RuntimeError: The task is over.
        """
        with self._lock:
            future = self._known.get((query, k))
            if future is None:
                if not self._open:
                    raise RuntimeError("the task is over: nobody searches any longer")
                future = self._known[query, k] = Future()
                self._queue.put(_Wanted(query, k, future))
        return [self.passages[at] for at in future.result()]

    def _close(self) -> None:
        with self._lock:
            if self._open:
                self._queue.put(None)
            self._open = False

    def _work(self) -> None:
        last = False
        while not last:
            batch, last = self._waiting()
            for k in sorted({wanted.k for wanted in batch}):
                self._search([wanted for wanted in batch if wanted.k == k], k)

    def _waiting(self) -> tuple[list[_Wanted], bool]:
        """All queries that wait, at least one; and whether the thread is to end."""
        batch: list[_Wanted] = []
        first = self._queue.get()
        while first is not None:
            batch.append(first)
            try:
                first = self._queue.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _search(self, batch: list[_Wanted], k: int) -> None:
        """Search a batch; if that fails, each query alone, so that only those fail that are at fault."""
        try:
            rows = self.model.search_in(self.passages, [wanted.query for wanted in batch], k)
            self.searched += len(batch)
            self.batches += 1
        except BaseException as error:  # noqa: BLE001 - whoever waits must be told, whatever it is
            if len(batch) > 1:
                for wanted in batch:
                    self._search([wanted], k)
            else:
                self._known.pop((batch[0].query, k), None)
                batch[0].found.set_exception(error)
            return
        for wanted, row in zip(batch, rows, strict=True):
            wanted.found.set_result(row)


def own_search(model: SharedModel, passages: Sequence[Passage]) -> Search:
    """A search in what belongs to one sample: its context, or its gold passages."""
    own = Passages.of(passages)

    def search(query: str, k: int) -> list[Passage]:
        return [own[at] for at in model.search_in(own, [query], k)[0]] if len(own) else []

    return search
