"""Encoding shard by shard through the cache, by a function: for models that do their own batching."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pyarrow as pa

from toolbench_eval.encoding.filling import Filler, Made
from toolbench_eval.encoding.ragged import Ragged
from toolbench_eval.encoding.space import Space
from toolbench_eval.encoding.store import Vectors
from toolbench_eval.progress import Advance, Track, untracked


class ShardEncoder:
    """Texts to what a function makes of them, each text once; killed anywhere, it goes on with the same bits.

    The function gets the texts of a shard at once, which are fixed before the first shard is encoded; it must decide
    by them alone which of them share a batch.
    """

    def __init__(self, name: str, space: Space, root: Path, *, batch_tokens: int, track: Track = untracked) -> None:
        """Name the cache; nothing is made yet.

        Args:
            name: The model's name.
            space: What decides a text's vectors.
            root: Folder of all spaces.
            batch_tokens: Tokens of a batch, padding included.
            track: Shows the progress of a piece of work.
        """
        self._filler = Filler(name, space, root, batch_tokens=batch_tokens, track=track)

    def vectors(self, texts: pa.LargeStringArray, encode: Callable[[list[str]], Vectors]) -> Vectors:
        """A vector for each text.

        Returns:
            float32, shape (len(texts), dimension); (0, 0) for no texts.

        Raises:
            StorageError: The cache cannot be read or written; whole shards stay.
        """
        store = self._filler.store
        return store.read(self._filler.fill(texts, _by(encode), store.write))

    def rows(self, texts: pa.LargeStringArray, encode: Callable[[list[str]], Ragged]) -> Ragged:
        """Any number of rows for each text, of which there is at least one.

        Raises:
            StorageError: The cache cannot be read or written; whole shards stay.
        """
        store = self._filler.store
        return store.read_ragged(self._filler.fill(texts, _by(encode), store.write_ragged))


def _by(
    encode: Callable[[list[str]], Made],
) -> Callable[[Iterator[list[str]], int, Advance], Generator[Made, None, None]]:
    def made(shards: Iterator[list[str]], batch_tokens: int, advance: Advance) -> Generator[Made, None, None]:
        for texts in shards:
            yield encode(texts)
            advance(len(texts))

    return made
