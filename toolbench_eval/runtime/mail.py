"""Notes as they come to the process that keeps the log, and what their end means to it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections import defaultdict
from typing import IO, Any

Note = dict[str, Any]

AHEAD = 500
"""Notes that are read before their samples take them."""
GRACE = 30.0
"""Seconds in which samples that have ended come into the log of a run that is stopped."""
ENDS = {"solved", "unsolved"}
"""Kinds of the notes that end a sample."""


class Mail:
    """Notes from the standard input, one box a sample."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Nothing is read yet."""
        self._stream = stream
        self._boxes: defaultdict[str, asyncio.Queue[Note]] = defaultdict(asyncio.Queue)
        self._room = threading.Semaphore(AHEAD)
        self._ended: set[str] = set()
        self._stopping = self._interrupted = False

    def next(self) -> Note:
        """The next note, read at once; for those that come before the samples."""
        note: Note = json.loads(self._stream.readline())
        return note

    def open(self) -> None:
        """On the event loop: begin to fill the boxes."""
        threading.Thread(target=self._read, args=(asyncio.get_running_loop(),), daemon=True).start()

    async def take(self, sample: str) -> Note:
        """The sample's next note."""
        note = await self._boxes[sample].get()
        self._room.release()
        return note

    def logged(self, sample: str) -> None:
        """A sample is in the log and takes no further notes."""
        for _ in range(self._boxes.pop(sample, asyncio.Queue()).qsize()):
            self._room.release()
        self._ended.discard(sample)
        self._stop_if_done()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in self._stream:
            note = json.loads(line)
            if note["kind"] == "end":
                return
            self._room.acquire()
            loop.call_soon_threadsafe(self._put, note)
        loop.call_soon_threadsafe(self._stop)  # The other process stopped before its end: so does this one.

    def _put(self, note: Note) -> None:
        self._boxes[note["sample"]].put_nowait(note)
        if note["kind"] in ENDS:
            self._ended.add(note["sample"])

    def _stop(self) -> None:
        self._stopping = True
        asyncio.get_running_loop().call_later(GRACE, self._interrupt)
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        if self._stopping and not self._ended:
            self._interrupt()

    def _interrupt(self) -> None:
        """Once: the first Ctrl-C has the runtime complete its log, a second one stops that."""
        if not self._interrupted:
            self._interrupted = True
            os.kill(os.getpid(), signal.SIGINT)
