"""Many calls at a time, never more than a bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def map_bounded(function: Callable[[_In], _Out], values: Iterable[_In], concurrency: int) -> list[_Out]:
    """`[function(value) for value in values]` with so many threads.

    The first error stops what has not begun, waits for what has, and is raised.
    """
    with ThreadPoolExecutor(max_workers=max(1, concurrency)) as pool:
        futures = [pool.submit(function, value) for value in values]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            for future in futures:
                future.cancel()
        failed = [error for future in futures if not future.cancelled() and (error := future.exception())]
    if failed:
        raise failed[0]
    return [future.result() for future in futures]
