"""Checking the entries of a large board in several processes, each with its own copy of the data."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar, cast

LARGE_BYTES = 50_000_000
"""Bytes of entries from which it is worth the time that processes take to start."""

Work = TypeVar("Work")
Result = TypeVar("Result")
_checks: list[Callable[..., object]] = []
"""The check of this process, made once by `_start`."""


def in_processes(
    prepare: Callable[[], Callable[[Work], Result]], pieces: Sequence[Work], jobs: int
) -> Iterator[Result]:
    """What a check finds in each piece, in order.

    Args:
        prepare: Makes the check; called once in each process, so it must be picklable.
        pieces: What to check.
        jobs: Number of processes.
    """
    # Not forked: Arrow's threads do not survive that.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(pieces)), context, initializer=_start, initargs=(prepare,)) as pool:
        yield from pool.map(cast("Callable[[Work], Result]", _check), pieces)


def _start(prepare: Callable[[], Callable[..., object]]) -> None:
    _checks[:] = [prepare()]


def _check(piece: Work) -> object:
    return _checks[0](piece)
