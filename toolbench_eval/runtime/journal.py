"""The way to the log: notes of what agents do, for the process that keeps it.

The log is kept in a process of its own (`recorder`): to keep it takes more of a processor than to ask a model, and in
this process every thread that waits for a model would wait for that, too. Notes go one way, one JSON value a line.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from queue import Queue
from typing import IO, Any, Protocol

import toolbench_eval
from toolbench_eval.errors import StorageError, UsageError

RECORDER = "toolbench_eval.runtime.recorder"
INSTALL = "the log of agents needs their runtime: pip install 'toolbench-eval[agents]'"
AHEAD = 64_000_000
"""Bytes of notes that agents may be ahead of the recorder before they wait for it."""
SHOWN = 2_000
"""Characters of the recorder's last words that an error repeats."""


class Item(Protocol):
    """What an agent is given; `targets`, a sequence of strings, is in the log where there is such a field."""

    @property
    def id(self) -> str:
        """Different from all others."""

    @property
    def text(self) -> str:
        """Input as the log shows it."""


class Journal(Protocol):
    """Takes notes; safe for threads."""

    def note(self, kind: str, **values: Any) -> None:
        """Tell something.

        Raises:
            TypeError: A value is none of JSON's.
        """


class Unlogged:
    """Takes notes and forgets them."""

    def note(self, kind: str, **values: Any) -> None:
        """Forget."""


@contextlib.contextmanager
def logged(
    log_file: Path, order: Mapping[str, Any], items: Sequence[Item], on_lost: Callable[[], object]
) -> Iterator[Journal]:
    """Keep a log while the block runs; one that an error ends says that it was cancelled.

    Args:
        log_file: Where the log is when the block has ended.
        order: What it is about (see `recorder.record`).
        items: The samples.
        on_lost: Called, on any thread, when the log cannot be kept any longer.

    Raises:
        UsageError: The runtime is not installed.
        StorageError: The log cannot be written.
    """
    if find_spec("inspect_ai") is None:
        raise UsageError(INSTALL)
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot write the log {log_file}: {error.strerror or error}") from error
    with tempfile.TemporaryFile("w+") as words:
        recorder = Recorder(words, on_lost)
        try:
            recorder.note("order", log_file=str(log_file.absolute()), samples=len(items), **order)
            for item in items:
                recorder.note("sample", id=item.id, text=item.text, targets=list(getattr(item, "targets", ())))
            yield recorder
            recorder.note("end")
        except BaseException:
            recorder.close()
            raise
        if not recorder.close():
            words.seek(0)
            raise StorageError(f"cannot write the log {log_file}: {words.read().strip()[-SHOWN:] or 'it was stopped'}")


class Backlog(Queue[bytes | None]):
    """A queue whose bound is in bytes."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        return self._bytes

    def _put(self, item: bytes | None) -> None:
        super()._put(item)
        self._bytes += len(item or b"\n")

    def _get(self) -> bytes | None:
        item: bytes | None = super()._get()
        self._bytes -= len(item or b"\n")
        return item


class Recorder:
    """The process that keeps the log."""

    def __init__(self, words: IO[str], on_lost: Callable[[], object]) -> None:
        """Start it.

        Args:
            words: Takes what it says of errors.
            on_lost: Called, on any thread, when it has died.
        """
        self._on_lost, self._lost = on_lost, False
        # A session of its own: Ctrl-C is for this process, which then tells the recorder.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", RECORDER],
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=words,
            env=_environment(),
            start_new_session=True,
        )
        self._notes = Backlog(AHEAD)
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._writer.start()

    def note(self, kind: str, **values: Any) -> None:
        """Tell it something.

        Raises:
            TypeError: A value is none of JSON's.
        """
        line = json.dumps({"kind": kind, **values}, ensure_ascii=False)
        # Models write halves of surrogate pairs, too; one of them would end the runtime.
        self._notes.put(line.encode(errors="replace") + b"\n")

    def close(self) -> bool:
        """Tell it that there is no more, and wait until the log is where it belongs; whether all went well."""
        self._notes.put(None)
        self._writer.join()
        return self._process.wait() == 0 and not self._lost

    def _write(self) -> None:
        with contextlib.suppress(OSError), self._process.stdin as pipe:  # type: ignore[union-attr]
            while (line := self._notes.get()) is not None:
                pipe.write(line)
                if self._notes.empty():
                    pipe.flush()
            return
        self._lost = True
        self._on_lost()
        while self._notes.get() is not None:
            """Nobody may wait for room."""


def _environment() -> dict[str, str]:
    """Variables for the recorder: none of the runtime's own, no `.env` file, and this package where it is here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INSPECT_")}
    places = [str(Path(toolbench_eval.__file__).parents[1]), kept.get("PYTHONPATH", "")]
    return kept | {"PYTHON_DOTENV_DISABLED": "1", "PYTHONPATH": os.pathsep.join(filter(None, places))}
