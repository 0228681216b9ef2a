"""Scores of (query, document) pairs: batches that are fixed beforehand, each kept as soon as it is computed."""

from __future__ import annotations

import hashlib
import math
import struct
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from toolbench_eval.memo import Memo, key_of

CHUNK = 8192
"""Pairs that are tokenised and sorted by length together: bounds memory, and padding is small already."""
_VALUE = struct.Struct("<d")

Floats = npt.NDArray[np.float64]
Pair = tuple[str, str]


class Encoded(NamedTuple):
    """One pair as the model reads it: token ids, and the segment that each belongs to."""

    ids: list[int]
    segments: list[int] | None = None


class PairModel(Protocol):
    """A loaded model that scores pairs."""

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs as token ids, cut to the model's length, special tokens included."""

    def score(self, batch: Sequence[Encoded]) -> Floats:
        """The score of each, higher is better, shape (n,)."""


@dataclass
class PairScorer:
    """Scores pairs with a model that is loaded when the first pair is not known yet.

    Pairs are cut into batches before it is looked up which of them are known, and batches of which all pairs are
    known are left out. What is computed together, and so the padding that can change the last bit of a score, does
    not depend on where an earlier run was killed.

    Attributes:
        identity: All that decides a score beside the two texts: JSON values.
        load: Makes the model.
        memo: Where scores are kept; None keeps none.
        batch_tokens: Tokens in a batch, padding included; a single pair may have more.
        workers: Batches that the model takes at a time.
        counts: Pairs scored now, and pairs known.
    """

    identity: Mapping[str, Any]
    load: Callable[[], PairModel]
    memo: Memo | None
    batch_tokens: int
    workers: int = 1
    counts: dict[str, int] = field(default_factory=lambda: {"pairs_scored": 0, "pairs_cached": 0})

    @cached_property
    def _model(self) -> PairModel:
        return self.load()

    def scores(self, pairs: Sequence[Pair]) -> Floats:
        """The score of each pair, shape (n,); equal pairs are scored once.

        Raises:
            StorageError: The cache cannot be used.
            MemoryError: Not even a single pair fits into memory.
        """
        keys = self._keys(pairs)
        pair_of = dict(zip(keys, pairs, strict=True))
        known = self._kept(pair_of)
        self.counts["pairs_cached"] += len(known)
        wanted = list(pair_of)
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            if any(key not in known for key in chunk):
                self._score_chunk(chunk, pair_of, known)
        return np.array([known[key] for key in keys], dtype=np.float64)

    def _score_chunk(self, chunk: list[bytes], pair_of: dict[bytes, Pair], known: dict[bytes, float]) -> None:
        encoded = self._model.encode([pair_of[key] for key in chunk])
        planned = list(batches([len(one.ids) for one in encoded], self.batch_tokens))
        todo = [batch for batch in planned if any(chunk[at] not in known for at in batch)]
        for batch, scores in self._scored(todo, encoded):
            fresh = {chunk[at]: score for at, score in zip(batch, scores, strict=True) if chunk[at] not in known}
            known |= fresh | self._keep(fresh)
            self.counts["pairs_scored"] += len(fresh)

    def _scored(self, todo: list[list[int]], encoded: list[Encoded]) -> Iterator[tuple[list[int], list[float]]]:
        """Batches and their scores, in order; as many are computed at a time as there are workers."""
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="rerank")
        running: deque[tuple[list[int], Future[Floats]]] = deque()
        try:
            for batch in todo:
                running.append((batch, pool.submit(halved, self._model.score, [encoded[at] for at in batch])))
                if len(running) == self.workers:
                    done, scores = running.popleft()
                    yield done, scores.result().tolist()
            for done, scores in running:
                yield done, scores.result().tolist()
        finally:
            pool.shutdown(cancel_futures=True)

    def _keep(self, scores: Mapping[bytes, float]) -> dict[bytes, float]:
        """Keep scores that are numbers; where another process was faster, its score is the one that counts."""
        if self.memo is None:
            return {}
        packed = {key: _VALUE.pack(score) for key, score in scores.items() if math.isfinite(score)}
        return _scores(self.memo.put(packed))

    def _kept(self, keys: Mapping[bytes, Pair]) -> dict[bytes, float]:
        if self.memo is None:
            return {}
        found = self.memo.get(keys)
        known = _scores(found)
        self.memo.forget(found.keys() - known.keys())
        return known

    def _keys(self, pairs: Sequence[Pair]) -> list[bytes]:
        model = key_of("score", self.identity)
        digests = {text: _digest(text) for pair in pairs for text in pair}
        return [hashlib.sha256(model + digests[query] + digests[document]).digest() for query, document in pairs]


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Positions in batches, longest first, so that length x number of each batch stays within the budget."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def halved(score: Callable[[Sequence[Encoded]], Floats], batch: Sequence[Encoded]) -> Floats:
    """The scores of a batch; where memory is too small for it, of its two halves.

    Raises:
        MemoryError: A single pair does not fit.
    """
    try:
        return score(batch)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        if len(batch) == 1:
            raise MemoryError(f"one pair of {len(batch[0].ids)} tokens does not fit into memory") from error
    middle = len(batch) // 2
    return np.concatenate([halved(score, batch[:middle]), halved(score, batch[middle:])])


def _out_of_memory(error: Exception) -> bool:
    named = type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError)
    return named or "can't allocate memory" in str(error)


def _scores(values: Mapping[bytes, bytes]) -> dict[bytes, float]:
    """Scores by key; values that are none are left out."""
    found = {key: _VALUE.unpack(value)[0] for key, value in values.items() if len(value) == _VALUE.size}
    return {key: score for key, score in found.items() if math.isfinite(score)}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
