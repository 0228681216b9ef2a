"""The way to the log: notes of what agents do, to the process that keeps it.

The log is kept in a process of its own (`recorder`), as it takes more of a processor than the agents do: 2 ms a call,
which in this process would be taken from the threads that wait for models. Notes go one way, one JSON value a line.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Queue
from typing import IO, Any, Protocol

import toolbench_eval
from toolbench_eval.errors import StorageError

RECORDER = "toolbench_eval.runtime.recorder"
AHEAD = 10_000
"""Notes that agents may be ahead of the recorder before they wait for it."""
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


class Journal:
    """Notes to the recorder; safe for threads."""

    def __init__(
        self, log_file: Path, order: dict[str, Any], items: Sequence[Item], on_lost: Callable[[], object]
    ) -> None:
        """Start the recorder.

        Args:
            log_file: Where the log is to be.
            order: What it is about (see `recorder.record`).
            items: The samples.
            on_lost: Called, on any thread, when the recorder has died.

        Raises:
            StorageError: The log's folder cannot be made.
        """
        self._log_file, self._on_lost, self._lost = log_file, on_lost, False
        try:
            log_file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot write the log {log_file}: {error.strerror or error}") from error
        self._words: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the journal
        # A session of its own: Ctrl-C is for this process, which then tells the recorder.
        self._recorder = subprocess.Popen(
            [sys.executable, "-P", "-m", RECORDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._words,
            env=_environment(),
            start_new_session=True,
        )
        self._notes: Queue[str | None] = Queue(AHEAD)
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._writer.start()
        self.note("order", log_file=str(log_file.absolute()), samples=len(items), **order)
        for item in items:
            self.note("sample", id=item.id, text=item.text, targets=list(getattr(item, "targets", ())))

    def note(self, kind: str, **values: Any) -> None:
        """Tell the recorder something.

        Raises:
            TypeError: A value is none of JSON's.
        """
        self._notes.put(json.dumps({"kind": kind, **values}))

    def close(self, *, finished: bool) -> None:
        """Have the log completed, and wait for it.

        Args:
            finished: Whether all was noted; otherwise the log says that the run was cancelled.

        Raises:
            StorageError: The log could not be written.
        """
        if finished:
            self.note("end")
        self._notes.put(None)
        self._writer.join()
        status = self._recorder.wait()
        self._words.seek(0)
        words = self._words.read()
        self._words.close()
        if finished and (status != 0 or self._lost):
            raise StorageError(f"cannot write the log {self._log_file}: {words.strip()[-SHOWN:] or status}")

    def _write(self) -> None:
        with contextlib.suppress(OSError), self._recorder.stdin as pipe:  # type: ignore[union-attr]
            while (line := self._notes.get()) is not None:
                pipe.write(line.encode() + b"\n")
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
