"""The encoding engine: every distinct text once, whatever is killed in between.

    texts -> digests -> what the cache lacks -> plan (shards, fixed and kept) -> tokenise ahead | run batches | write

Nothing is loaded where nothing is missing. A process that is killed loses the shard it was at.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from toolbench_eval.atomic import write_text
from toolbench_eval.encoding.filling import Filler
from toolbench_eval.encoding.model import EmbeddingModel
from toolbench_eval.encoding.space import Space
from toolbench_eval.encoding.store import ShardStore, Vectors
from toolbench_eval.encoding.stream import embed
from toolbench_eval.progress import Advance, Track, untracked

LIMIT = "max_length.txt"
"""File beside the vectors: tokens of a text that the model saw."""


class Encoder:
    """Texts to vectors, through the cache.

    The vector of a text is the same bits however often a job is killed and continued, for the plan of its batches is
    fixed before the first one runs. In another job the same text may meet other batches; what it was given first is
    kept. Batches change a vector by no more than float rounding does (about 1e-7 in float32).
    """

    def __init__(
        self,
        name: str,
        space: Space,
        load: Callable[[], EmbeddingModel],
        root: Path,
        *,
        batch_tokens: int,
        track: Track = untracked,
    ) -> None:
        """Nothing is loaded before a text is met that the cache lacks.

        Args:
            name: The model's name.
            space: What its vectors have in common.
            load: Loads the model.
            root: Folder of all spaces.
            batch_tokens: Tokens of a batch, padding included.
            track: Shows the progress of a piece of work.
        """
        self._load = load
        self._filler = Filler(name, space, root, batch_tokens=batch_tokens, track=track)

    @property
    def _store(self) -> ShardStore:
        return self._filler.store

    @cached_property
    def _model(self) -> EmbeddingModel:
        model = self._load()
        if model.limit is not None:
            with self._store.writing():
                write_text(self._limit_file, f"{model.limit}\n", durable=False)
        return model

    @property
    def limit(self) -> int | None:
        """Tokens of a text that the model sees, as loading it found out, now or when its vectors were made."""
        try:
            return int(self._limit_file.read_text())
        except (OSError, ValueError):
            return None

    @property
    def _limit_file(self) -> Path:
        return self._store.folder / LIMIT

    def encode(self, texts: pa.LargeStringArray) -> Vectors:
        """The vectors of texts; an empty text is seen as a space, which every tokenizer takes.

        Returns:
            float32, shape (len(texts), dimension); (0, 0) for no texts.

        Raises:
            StorageError: The cache cannot be read or written; whole shards stay.
            EvalHarnessError: The model cannot be loaded or run.
        """
        return self._store.read(self._filler.fill(texts, self._made, self._store.write))

    def _made(self, shards: Iterator[list[str]], batch_tokens: int, advance: Advance) -> Generator[Vectors, None, None]:
        return embed(self._model, shards, batch_tokens, advance)
