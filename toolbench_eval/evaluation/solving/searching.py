"""Searching for many agents at once: one index, one search for all queries that wait."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import numpy as np
import numpy.typing as npt

from toolbench_eval.agents.session import Search
from toolbench_eval.data.passages import Passage, Passages
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import NO_DOCUMENT
from toolbench_eval.retrievers.model import Model

Positions = npt.NDArray[np.int64]


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
        model: The retriever; only one thread uses it.
        passages: What is searched; indexed when the first query comes.
    """

    model: Model
    passages: Passages
    searched: int = 0
    batches: int = 0
    _queue: SimpleQueue[_Wanted | None] = field(default_factory=SimpleQueue)
    _known: dict[tuple[str, int], Future[Positions]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def __call__(self, query: str, k: int) -> list[Passage]:
        """The k best passages for a query; waits for them."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="search", daemon=True)
                self._thread.start()
            future = self._known.get((query, k))
            if future is None:
                future = self._known[query, k] = Future()
                self._queue.put(_Wanted(query, k, future))
        return [self.passages[at] for at in future.result()]

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        indexed = False
        while True:
            batch, last = self._waiting()
            try:
                if batch and not indexed:
                    self.model.index(self.passages.corpus)
                    indexed = True
                for k in sorted({wanted.k for wanted in batch}):
                    self._search([wanted for wanted in batch if wanted.k == k], k)
            except BaseException as error:  # noqa: BLE001 - whoever waits must be told, whatever it is
                for wanted in batch:
                    if not wanted.found.done():
                        wanted.found.set_exception(error)
            if last:
                return

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
        queries = Queries.of([str(at) for at in range(len(batch))], [wanted.query for wanted in batch])
        run = self.model.search(queries, min(k, len(self.passages)))
        self.searched += len(batch)
        self.batches += 1
        for wanted, row in zip(batch, run.documents, strict=True):
            wanted.found.set_result(row[row != NO_DOCUMENT].astype(np.int64))


@dataclass
class OwnSearch:
    """Searches what belongs to one sample: its context, or its gold passages.

    Attributes:
        model: The retriever; it is given one sample's passages at a time.
    """

    model: Model
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def within(self, passages: Sequence[Passage]) -> Search:
        """A search in these passages."""
        own = Passages.of(passages)

        def search(query: str, k: int) -> list[Passage]:
            if not len(own):
                return []
            with self._lock:
                self.model.index(own.corpus)
                run = self.model.search(Queries.of(["0"], [query]), min(k, len(own)))
            row = run.documents[0]
            return [own[at] for at in row[row != NO_DOCUMENT]]

        return search
