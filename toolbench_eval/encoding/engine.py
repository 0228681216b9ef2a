"""The encoding engine: every distinct text once, whatever is killed in between.

    texts -> digests -> what the cache lacks -> plan (shards, fixed and kept) -> tokenise ahead | run batches | write

Nothing is loaded where nothing is missing. A process that is killed loses the shard it was at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from toolbench_eval.atomic import write_text
from toolbench_eval.encoding.model import EmbeddingModel
from toolbench_eval.encoding.plans import Plan, PlanFile, make_plan
from toolbench_eval.encoding.space import Space
from toolbench_eval.encoding.store import ShardStore, Vectors, digest
from toolbench_eval.encoding.stream import embed
from toolbench_eval.progress import Track, untracked

_BLOCK = 1 << 14
_USUAL_LENGTH = 512


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
        self._name, self._space, self._load = name, space, load
        self._folder = root / space.folder_name(name)
        self._store = ShardStore(self._folder / "shards")
        self._batch_tokens, self._track = batch_tokens, track

    @cached_property
    def _model(self) -> EmbeddingModel:
        return self._load()

    def encode(self, texts: pa.LargeStringArray) -> Vectors:
        """The vectors of texts; an empty text is seen as a space, which every tokenizer takes.

        Returns:
            float32, shape (len(texts), dimension); (0, 0) for no texts.

        Raises:
            StorageError: The cache cannot be read or written; whole shards stay.
            EvalHarnessError: The model cannot be loaded or run.
        """
        wanted = [digest(text) for text in _each(texts)]
        self._store.refresh()
        plan_file = PlanFile(self._folder / "plans", wanted, self._batch_tokens)
        if self._store.missing(wanted) or plan_file.path.exists():
            self._fill(texts, wanted, plan_file)
        return self._store.read(wanted)

    def _fill(self, texts: pa.LargeStringArray, wanted: list[bytes], plan_file: PlanFile) -> None:
        """Encode what is missing."""
        with plan_file.locked():
            self._store.refresh()  # another process may have had the same job
            missing = self._store.missing(wanted)
            if missing:
                self._store.sweep()
                plan = self._plan(plan_file, texts, wanted, set(missing))
                self._execute(plan, texts, {key: at for at, key in enumerate(wanted)})
            plan_file.remove()

    def _plan(self, plan_file: PlanFile, texts: pa.LargeStringArray, wanted: list[bytes], missing: set[bytes]) -> Plan:
        """The plan of the start that was killed, or a new one."""
        plan = plan_file.read()
        if plan is not None and missing <= plan.texts <= set(wanted):
            return plan
        return self._new_plan(plan_file, texts, wanted, missing)

    def _new_plan(
        self, plan_file: PlanFile, texts: pa.LargeStringArray, wanted: list[bytes], missing: set[bytes]
    ) -> Plan:
        """Fix the batches of what is missing, before anything is encoded."""
        longest = self._space.max_length
        characters = {key: len(text) for key, text in zip(wanted, _each(texts), strict=True) if key in missing}
        plan = make_plan(characters, self._batch_tokens, longest if isinstance(longest, int) else _USUAL_LENGTH)
        write_text(self._folder / "space.json", self._space.to_json() + "\n")
        plan_file.write(plan)
        return plan

    def _execute(self, plan: Plan, texts: pa.LargeStringArray, places: dict[bytes, int]) -> None:
        todo = [shard for shard in plan.shards if not self._store.has_shard(plan.name(shard))]
        with self._track(f"encode {self._name}", sum(map(len, todo))) as advance:
            work = (list(_each(texts.take(pa.array([places[key] for key in shard])))) for shard in todo)
            # Closed whatever happens, so that no thread goes on when the disk is full or the user interrupts.
            with closing(embed(self._model, work, plan.batch_tokens, advance)) as vectors:
                for shard, found in zip(todo, vectors, strict=True):
                    self._store.write(plan.name(shard), shard, found)


def _each(texts: pa.LargeStringArray) -> Iterator[str]:
    """Python strings of an array, a block of them in memory at a time."""
    for start in range(0, len(texts), _BLOCK):
        for text in texts.slice(start, _BLOCK).to_pylist():
            yield text or " "
