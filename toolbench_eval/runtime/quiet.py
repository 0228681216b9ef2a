"""The runtime as a guest: it shows nothing, reads no settings of its own and leaves nothing behind.

What it has no switch for is set in its insides, all of it here.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from inspect_ai._display.core import active as shown
from inspect_ai._display.core.display import TaskScreen
from inspect_ai._util import logger as messages
from inspect_ai.agent._acp import transport

_T = TypeVar("_T")
MUTE = logging.CRITICAL + 1
COLLECTOR = 3_000, 10, 5
"""Thresholds of the garbage collector."""


class Silence:
    """A display, its tasks and their progress, none of which shows anything; and the handle to stop what runs."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[Any] | None = None
        self._orders: deque[Callable[[], object]] = deque()

    def run_task_app(self, main: Callable[[], Coroutine[None, None, _T]]) -> _T:
        """Run everything on a new event loop."""
        return asyncio.run(self._noted(main))

    async def _noted(self, main: Callable[[], Coroutine[None, None, _T]]) -> _T:
        self._main = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        # Samples are not offered to editors that would watch them: every event would be prepared for them.
        transport._acp_live_active.set(True)
        self._obey()
        return await main()

    def order(self, function: Callable[[], object]) -> None:
        """On any thread: have the event loop call a function, as soon as there is one and if there is one still."""
        self._orders.append(function)
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(self._obey)

    def _obey(self) -> None:
        while self._orders:
            self._orders.popleft()()

    def stop(self) -> None:
        """On the event loop: end what runs; its log is completed."""
        if self._main is not None:
            self._main.cancel()

    @contextmanager
    def suspend_task_app(self) -> Iterator[None]:
        """Nothing to suspend."""
        yield

    @asynccontextmanager
    async def task_screen(self, tasks: object, parallel: bool) -> AsyncIterator[TaskScreen]:
        """A screen that nobody sees."""
        yield TaskScreen()

    @contextmanager
    def task(self, profile: object) -> Iterator[Silence]:
        """A task."""
        yield self

    @contextmanager
    def progress(self, total: int = 0) -> Iterator[Silence]:
        """Its progress."""
        yield self

    def _ignore(self, *arguments: object, **named: object) -> None: ...

    print = update = complete = sample_complete = update_metrics = display_counter = update_task_count = _ignore


@contextmanager
def undisturbed(folder: Path) -> Iterator[Silence]:
    """Let the runtime run without effect on the process and on the user's folders.

    Its variables and `.env` files decide nothing, what it writes for its own tools goes into the folder, the display is
    silent, and the process's messages stay with whoever handles them.

    Args:
        folder: Where it may write.
    """
    hook, display, silence = sys.excepthook, shown._active_display, Silence()
    if messages._logHandler["handler"] is None:
        # Else it would take over the messages of the whole process, and write a trace of every call to a file.
        messages._logHandler["handler"] = logging.NullHandler()  # type: ignore[typeddict-item]
    level = logging.getLogger("inspect_ai").level
    logging.getLogger("inspect_ai").setLevel(MUTE)  # What ends a run or a sample is told as an error.
    shown._active_display = silence
    own = [name for name in os.environ if name.startswith("INSPECT_")]
    places = {"PYTHON_DOTENV_DISABLED": "1", "XDG_DATA_HOME": str(folder)}
    with _lazy_collector(), _environment(dict.fromkeys(own) | places):
        try:
            yield silence
        finally:
            sys.excepthook, shown._active_display = hook, display
            logging.getLogger("inspect_ai").setLevel(level)


@contextmanager
def _lazy_collector() -> Iterator[None]:
    """Collect garbage less often, and not what is imported: a third of the runtime's work would go there."""
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not frozen:
            gc.unfreeze()


@contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables, or take them away where the value is None."""
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
