"""Many calls at a time, never more than a bound."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")

_NAME = "call"


def map_bounded(function: Callable[[_In], _Out], values: Iterable[_In], concurrency: int) -> list[_Out]:
    """`[function(value) for value in values]` with so many threads.

    The first error stops what has not begun, waits for what has, and is raised. An interrupt waits for nothing: a call
    may hang for minutes, and threads of `concurrent.futures` would hold the interpreter as long.
    """
    todo = deque(enumerate(values))
    number = len(todo)
    ended: SimpleQueue[tuple[int, _Out | BaseException, bool]] = SimpleQueue()

    def work() -> None:
        while True:
            try:
                at, value = todo.popleft()
            except IndexError:
                return
            try:
                ended.put((at, function(value), True))
            except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
                todo.clear()
                ended.put((at, error, False))

    threads = [threading.Thread(target=work, daemon=True, name=_NAME) for _ in range(min(max(1, concurrency), number))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        todo.clear()
    found = sorted((ended.get() for _ in range(ended.qsize())), key=lambda one: one[0])
    return [_good(outcome, good) for _, outcome, good in found]


def left_alone() -> bool:
    """Whether calls are still open that nobody waits for any more."""
    return any(thread.name == _NAME for thread in threading.enumerate())


def _good(outcome: _Out | BaseException, good: bool) -> _Out:
    if not good:
        raise outcome  # type: ignore[misc]
    return outcome  # type: ignore[return-value]
