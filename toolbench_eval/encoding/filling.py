"""Filling a store with what a model makes of texts: each text once, in a plan that outlives the process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from toolbench_eval.atomic import remove_temporaries, write_text
from toolbench_eval.encoding.plans import Plan, PlanFile, make_plan
from toolbench_eval.encoding.space import Space
from toolbench_eval.encoding.store import ShardStore, digest
from toolbench_eval.progress import Advance, Track, untracked

_BLOCK = 1 << 14
_USUAL_LENGTH = 512

Made = TypeVar("Made")
Make = Callable[[Iterator[list[str]], int, Advance], Generator[Made, None, None]]
"""From shards of texts, tokens of a batch, and whom to tell how many texts are done, to what is made of each shard."""
Write = Callable[[str, Sequence[bytes], Made], None]
"""Keeps what was made of a shard under its name, with the digests of its texts."""


@dataclass(frozen=True)
class Job:
    """Texts that are asked for at once.

    Attributes:
        texts: The texts.
        wanted: Their digests.
        file: Where the plan is kept.
    """

    texts: pa.LargeStringArray
    wanted: list[bytes]
    file: PlanFile

    def shard(self, keys: Sequence[bytes], places: dict[bytes, int]) -> list[str]:
        """The texts of a shard."""
        return list(_each(self.texts.take(pa.array([places[key] for key in keys]))))


class Filler:
    """Finds out which texts a store lacks and has them encoded, shard by shard, each durable before the next."""

    def __init__(self, name: str, space: Space, root: Path, *, batch_tokens: int, track: Track = untracked) -> None:
        """Nothing is made yet.

        Args:
            name: The model's name.
            space: What its vectors have in common.
            root: Folder of all spaces.
            batch_tokens: Tokens of a batch, padding included.
            track: Shows the progress of a piece of work.
        """
        self._name, self._space = name, space
        self._folder = root / space.folder_name(name)
        self._batch_tokens, self._track = batch_tokens, track
        self.store = ShardStore(self._folder / "shards")

    def fill(self, texts: pa.LargeStringArray, make: Make[Made], write: Write[Made]) -> list[bytes]:
        """Have all texts in the store.

        Args:
            texts: The texts; an empty one is seen as a space.
            make: Encodes shards; called only where a text is missing.
            write: Keeps a shard.

        Returns:
            The digest of each text.

        Raises:
            StorageError: The cache cannot be read or written; whole shards stay.
        """
        wanted = [digest(text) for text in _each(texts)]
        self.store.refresh()
        job = Job(texts, wanted, PlanFile(self._folder / "plans", wanted, self._batch_tokens))
        if self.store.missing(wanted) or job.file.path.exists():
            self._fill(job, make, write)
        return wanted

    def _fill(self, job: Job, make: Make[Made], write: Write[Made]) -> None:
        """Encode what is missing."""
        with job.file.locked():
            self._sweep()
            self.store.refresh()  # another process may have had the same job
            missing = self.store.missing(job.wanted)
            if missing:
                self._execute(self._plan(job, set(missing)), job, make, write)
            job.file.remove()

    def _sweep(self) -> None:
        """Remove the half-written files of processes that were killed."""
        with self.store.writing():
            # Whoever writes holds the lock, so what is unfinished now will never be finished.
            remove_temporaries(self._folder)

    def _plan(self, job: Job, missing: set[bytes]) -> Plan:
        """The plan of the start that was killed, or a new one."""
        plan = job.file.read()
        if plan is not None and missing <= plan.texts <= set(job.wanted):
            return plan
        return self._new_plan(job, missing)

    def _new_plan(self, job: Job, missing: set[bytes]) -> Plan:
        """Fix the batches of what is missing, before anything is encoded."""
        longest = self._space.max_length
        texts = zip(job.wanted, _each(job.texts), strict=True)
        characters = {key: len(text) for key, text in texts if key in missing}
        plan = make_plan(characters, self._batch_tokens, longest if isinstance(longest, int) else _USUAL_LENGTH)
        with self.store.writing():  # so that no other process sweeps away what is half written
            write_text(self._folder / "space.json", self._space.to_json() + "\n")
            job.file.write(plan)
        return plan

    def _execute(self, plan: Plan, job: Job, make: Make[Made], write: Write[Made]) -> None:
        # A shard is encoded whole, in the batches that were planned, though only some of its texts may be missing.
        todo = [shard for shard in plan.shards if self.store.missing(shard)]
        places = {key: at for at, key in enumerate(job.wanted)}
        with self._track(f"encode {self._name}", sum(map(len, todo))) as advance:
            work = (job.shard(shard, places) for shard in todo)
            # Closed whatever happens, so that no thread goes on when the disk is full or the user interrupts.
            with closing(make(work, plan.batch_tokens, advance)) as made:
                for shard, found in zip(todo, made, strict=True):
                    write(plan.name(shard), shard, found)


def _each(texts: pa.LargeStringArray) -> Iterator[str]:
    """Python strings of an array, a block of them in memory at a time."""
    for start in range(0, len(texts), _BLOCK):
        for text in texts.slice(start, _BLOCK).to_pylist():
            yield text or " "
