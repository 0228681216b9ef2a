"""The runtime as a guest: it shows nothing, reads no settings of its own and leaves nothing behind.

What it has no switch for is set in its insides, all of it here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from inspect_ai._display.core import active as shown
from inspect_ai._display.core.display import TaskScreen
from inspect_ai._util import logger as messages
from inspect_ai.agent._acp import transport

_T = TypeVar("_T")


class Silence:
    """A display, its tasks and their progress, none of which shows anything; and the handle to stop what runs."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None

    def run_task_app(self, main: Callable[[], Coroutine[None, None, _T]]) -> _T:
        """Run everything on a new event loop."""
        return asyncio.run(self._noted(main))

    async def _noted(self, main: Callable[[], Coroutine[None, None, _T]]) -> _T:
        task = asyncio.current_task()
        if task is not None:
            self._running = asyncio.get_running_loop(), task
        # Samples are not offered to editors that would watch them: every event would be prepared for them.
        transport._acp_live_active.set(True)
        return await main()

    def stop(self) -> None:
        """On any thread: end what runs; its log is completed. Calling it again changes nothing."""
        if self._running is not None:
            loop, task = self._running
            self._running = None
            loop.call_soon_threadsafe(task.cancel)

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
        logging.getLogger("inspect_ai").setLevel(logging.ERROR)
    shown._active_display = silence  # type: ignore[assignment]
    own = [name for name in os.environ if name.startswith("INSPECT_")]
    with _environment(dict.fromkeys(own) | {"PYTHON_DOTENV_DISABLED": "1", "XDG_DATA_HOME": str(folder)}):
        try:
            yield silence
        finally:
            sys.excepthook, shown._active_display = hook, display


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
