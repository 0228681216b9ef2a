"""Running a model over shards of texts: tokenised ahead in one thread, one more thread a device.

The shard that is finished is handed over, to be written, while the devices go on with the following one.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolbench_eval.encoding.batching import Rows, pack
from toolbench_eval.encoding.model import EmbeddingModel
from toolbench_eval.encoding.store import Vectors
from toolbench_eval.encoding.tokens import Tokens
from toolbench_eval.progress import Advance

Done = Future[tuple[Rows, Vectors]]

AHEAD = 2
"""Shards that are tokenised before the model needs them."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A shard's texts in batches.

    Attributes:
        tokens: The texts.
        batches: The rows of each batch, and what the model takes for them.
    """

    tokens: Tokens
    batches: list[tuple[Rows, dict[str, Any]]]


def embed(
    model: EmbeddingModel, shards: Iterable[list[str]], batch_tokens: int, advance: Advance
) -> Generator[Vectors, None, None]:
    """Vectors of shards of texts, one array a shard, in their order.

    Args:
        model: The model.
        shards: Texts; read some shards ahead.
        batch_tokens: Tokens of a batch, padding included.
        advance: Told how many texts are done.

    Raises:
        UsageError: A single text does not fit into a device's memory.
    """
    tokeniser = ThreadPoolExecutor(1, thread_name_prefix="tokenise")
    devices = _Devices(model)
    try:
        running: deque[list[Done]] = deque()
        for prepared in _ahead(tokeniser, lambda texts: prepare(model, texts, batch_tokens), shards):
            running.append(devices.start(prepared))
            if len(running) > 1:
                yield _collected(running.popleft(), advance)
        while running:
            yield _collected(running.popleft(), advance)
    finally:
        tokeniser.shutdown(cancel_futures=True)
        devices.stop()


def prepare(model: EmbeddingModel, texts: list[str], batch_tokens: int) -> Prepared:
    """Tokenise a shard and pad its batches."""
    tokens = model.tokenise(texts)
    return Prepared(tokens, [(rows, tokens.features(rows)) for rows in pack(tokens.lengths, batch_tokens)])


class _Devices:
    """Threads that run batches, each on a copy of the model that is free."""

    def __init__(self, model: EmbeddingModel) -> None:
        self._model = model
        self._threads = ThreadPoolExecutor(len(model.copies), thread_name_prefix="encode")
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(len(model.copies)):
            self._free.put(number)

    def start(self, shard: Prepared) -> list[Done]:
        return [self._threads.submit(self._run, shard.tokens, rows, features) for rows, features in shard.batches]

    def stop(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _run(self, tokens: Tokens, rows: Rows, features: dict[str, Any]) -> tuple[Rows, Vectors]:
        number = self._free.get()
        try:
            return rows, self._model.vectors(number, tokens, rows, features)
        finally:
            self._free.put(number)


def _ahead(
    pool: ThreadPoolExecutor, prepared: Callable[[list[str]], Prepared], shards: Iterable[list[str]]
) -> Iterator[Prepared]:
    waiting: deque[Future[Prepared]] = deque()
    for texts in shards:
        waiting.append(pool.submit(prepared, texts))
        if len(waiting) > AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _collected(batches: list[Done], advance: Advance) -> Vectors:
    """The vectors of a shard's batches in the order of its texts."""
    done = []
    for batch in batches:
        done.append(batch.result())
        advance(len(done[-1][0]))
    found = np.empty((sum(len(rows) for rows, _ in done), done[0][1].shape[1]), dtype=np.float32)
    for rows, vectors in done:
        found[rows] = vectors
    return found
