"""Progress of long work, as whoever does it reports it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Advance = Callable[[int], None]
Track = Callable[[str, int], AbstractContextManager[Advance]]
"""What is done and how many steps it has, to a block that gets a function to call with the steps made."""


def untracked(what: str, total: int) -> AbstractContextManager[Advance]:
    """Shows nothing."""
    return nullcontext(lambda _: None)
