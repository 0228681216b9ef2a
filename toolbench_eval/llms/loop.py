"""The event loop of all calls to hosted models, on a thread of its own: a call there can be cut at any moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

_T = TypeVar("_T")
_lock = threading.Lock()


def within(seconds: float, call: Coroutine[Any, Any, _T]) -> _T:
    """What a call returns or raises; it is cut, and its connection closed, when time is over or its waiter is stopped.

    Raises:
        TimeoutError: It took longer.
    """
    with _lock:  # the first calls come from several threads at once
        loop = _loop()
    waiting = asyncio.run_coroutine_threadsafe(call, loop)
    try:
        return waiting.result(max(0.0, seconds))
    finally:
        waiting.cancel()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all: connections that are kept open belong to it."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="providers", daemon=True).start()
    return loop
