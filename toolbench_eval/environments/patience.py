"""Waiting for work no longer than is good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import TypeVar

_T = TypeVar("_T")


class OutOfTime(Exception):  # noqa: N818 - a finding, not a fault of this program
    """The work is not done, and goes on in a thread that nobody waits for."""


def run_within(seconds: float, work: Callable[[], _T]) -> _T:
    """What the work returns or raises, if it does so in time.

    Python cannot end a thread: work that takes too long goes on, and may still change something later.

    Raises:
        OutOfTime: It took too long.
    """
    outcome: Future[_T] = Future()
    context = copy_context()

    def target() -> None:
        try:
            outcome.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
            outcome.set_exception(error)

    threading.Thread(target=target, daemon=True, name="tool").start()
    if not wait([outcome], timeout=seconds).done:
        raise OutOfTime
    return outcome.result()
