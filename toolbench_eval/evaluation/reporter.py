"""What the pipeline tells a user while it works."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from toolbench_eval.progress import Advance


class Reporter(Protocol):
    """Takes notes, warnings and progress."""

    def note(self, text: str) -> None:
        """Something good to know."""

    def warn(self, text: str) -> None:
        """Something that changes how a result must be read."""

    def track(self, what: str, total: int) -> AbstractContextManager[Advance]:
        """A piece of work of known size; the block gets a function to call with each step."""


class LoggingReporter:
    """Notes and warnings to the logger `toolbench_eval`; no progress. For use as a library."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("toolbench_eval")

    def note(self, text: str) -> None:
        """Log as information."""
        self._logger.info(text)

    def warn(self, text: str) -> None:
        """Log as a warning."""
        self._logger.warning(text)

    @contextmanager
    def track(self, what: str, total: int) -> Iterator[Advance]:
        """Show nothing."""
        yield lambda _: None
