"""A model from outside the harness that logs what is asked of it, and stops, sleeps or dies where it is told.

`SLOW_LOG` is the file it writes to; `SLOW_AT` says what happens: `kill-search:3` (killed in the third search),
`sleep-search:3` (sleeps there for a minute), `kill-write:7` (killed before the seventh fsync or rename),
`kill-load:1` (killed while the model is loaded), `kill-index:2` and `kill-score:4` (killed in the second index, the
fourth scoring), `pause:0.1` (each search takes that long).
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from toolbench_eval.evaluation import finish
from toolbench_eval.retrievers.bm25 import BM25

ACTION, _, AMOUNT = os.environ.get("SLOW_AT", "none:0").partition(":")


def log(line: str) -> None:
    with Path(os.environ["SLOW_LOG"]).open("a", encoding="utf-8") as lines:
        lines.write(f"{line}\n")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Slow(BM25):
    """BM25 under observation."""

    searches = 0
    indexes = 0

    def index(self, corpus: Any) -> None:
        self.indexes += 1
        log("index")
        super().index(corpus)
        if ACTION == "kill-index" and self.indexes == int(AMOUNT):
            die()

    def search(self, queries: Any, k: int) -> Any:
        self.searches += 1
        log("search")
        if ACTION == "kill-search" and self.searches == int(AMOUNT):
            die()
        if ACTION == "sleep-search" and self.searches == int(AMOUNT):
            time.sleep(60)
        if ACTION == "pause":
            time.sleep(float(AMOUNT))
        return super().search(queries, k)


def watch_scores() -> None:
    """Log every scoring, and die in the one that was named."""
    score, seen = finish.score_run, 0

    def watched(*arguments: Any, **options: Any) -> Any:
        nonlocal seen
        seen += 1
        log("score")
        found = score(*arguments, **options)
        if ACTION == "kill-score" and seen == int(AMOUNT):
            die()
        return found

    finish.score_run = watched


def watch_writes() -> None:
    """Log every fsync and every rename, and die before the one that was named."""
    fsync, replace, seen = os.fsync, os.replace, 0

    def write() -> None:
        nonlocal seen
        seen += 1
        log("write")
        if ACTION == "kill-write" and seen == int(AMOUNT):
            die()

    def watched_fsync(handle: int) -> None:
        write()
        fsync(handle)

    def watched_replace(source: Any, target: Any) -> None:
        write()
        replace(source, target)

    os.fsync, os.replace = watched_fsync, watched_replace  # type: ignore[assignment]


def make(card: Any, runtime: Any) -> Slow:
    log("load")
    if ACTION == "kill-load":
        die()
    watch_writes()
    watch_scores()
    return Slow()
