"""The plan of an encoding job: which texts make which shard, fixed before the first is encoded and kept on the disk.

A job that is killed and started again finds its plan, so its batches are what they were and its vectors the same bits,
however much was finished.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from toolbench_eval.atomic import atomic_path
from toolbench_eval.encoding.batching import shards
from toolbench_eval.encoding.locks import locked
from toolbench_eval.encoding.store import DIGEST_BYTES


@dataclass(frozen=True)
class Plan:
    """Texts by shard.

    Attributes:
        batch_tokens: Tokens of a batch.
        shards: The digests of each shard's texts, longest text first.
    """

    batch_tokens: int
    shards: list[list[bytes]]

    @property
    def texts(self) -> set[bytes]:
        """The digests of all texts."""
        return {key for shard in self.shards for key in shard}

    def name(self, shard: Sequence[bytes]) -> str:
        """Name of a shard: the same for the same texts in the same batches, and for no others."""
        return hashlib.sha256(b"%d:" % self.batch_tokens + b"".join(shard)).hexdigest()[:32]


def make_plan(characters: Mapping[bytes, int], batch_tokens: int, max_tokens: int) -> Plan:
    """Plan texts, longest first; equal lengths in the order of their digests.

    Args:
        characters: Length of each text by its digest.
        batch_tokens: Tokens of a batch.
        max_tokens: Tokens of a text that the model sees.
    """
    order = sorted(characters, key=lambda key: (-characters[key], key))
    cuts = shards([characters[key] for key in order], max_tokens)
    return Plan(batch_tokens, [order[cut] for cut in cuts])


class PlanFile:
    """The plan of one job on the disk. A job is the set of texts that are asked for, cached or not."""

    def __init__(self, folder: Path, wanted: Sequence[bytes], batch_tokens: int) -> None:
        """Name the file; nothing is made yet.

        Args:
            folder: Folder of plans.
            wanted: Digests of all texts asked for.
            batch_tokens: Tokens of a batch.
        """
        job = hashlib.sha256(b"%d:" % batch_tokens + b"".join(sorted(set(wanted)))).hexdigest()[:32]
        self.path = folder / f"{job}.npz"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep out other processes that have the same job; waits for them.

        Raises:
            StorageError: The folder cannot be written.
        """
        path = self.path.with_suffix(".lock")
        with locked(path):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def read(self) -> Plan | None:
        """The plan of an earlier start of the job; None if there is none that can be read."""
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                table, ends = stored["digests"].tobytes(), [0, *stored["ends"].tolist()]
                batch_tokens = int(stored["batch_tokens"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        keys = [table[at : at + DIGEST_BYTES] for at in range(0, len(table), DIGEST_BYTES)]
        return Plan(batch_tokens, [keys[start:end] for start, end in pairwise(ends)])

    def write(self, plan: Plan) -> None:
        """Keep a plan.

        Raises:
            StorageError: It could not be written.
        """
        table = np.frombuffer(b"".join(key for shard in plan.shards for key in shard), dtype=np.uint8)
        ends = np.cumsum([len(shard) for shard in plan.shards])
        with atomic_path(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, digests=table, ends=ends, batch_tokens=plan.batch_tokens)

    def remove(self) -> None:
        """Forget the plan: the job is done."""
        self.path.unlink(missing_ok=True)
