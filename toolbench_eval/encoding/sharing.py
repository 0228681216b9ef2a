"""Work that several devices share."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Copy = TypeVar("Copy")
Work = TypeVar("Work")
Result = TypeVar("Result")


def shared_out(copies: Sequence[Copy], work: Iterable[Work], run: Callable[[Copy, Work], Result]) -> list[Result]:
    """Do pieces of work, each on a copy that is free.

    Args:
        copies: One for each device, at least one; each gets one piece at a time.
        work: The pieces.
        run: Does a piece on a copy.

    Returns:
        The result of each piece, in the order of the pieces, whichever copy was free.
    """
    free: queue.SimpleQueue[Copy] = queue.SimpleQueue()
    for copy in copies:
        free.put(copy)

    def on_a_free_one(piece: Work) -> Result:
        copy = free.get()
        try:
            return run(copy, piece)
        finally:
            free.put(copy)

    threads = ThreadPoolExecutor(len(copies), thread_name_prefix="encode")
    try:
        return list(threads.map(on_a_free_one, work))
    finally:
        threads.shutdown(cancel_futures=True)
