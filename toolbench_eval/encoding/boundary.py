"""Where a query or document begins behind what its template puts before it."""

from __future__ import annotations

BOUNDARY = "\ufdd0"
"""Marks the place in a text. Unicode keeps this code point for such inner use: no text that is exchanged has it."""


def cut(text: str) -> tuple[str, str]:
    """What stands before the mark, and the text without the mark; nothing stands before a text that has none."""
    before, mark, after = text.partition(BOUNDARY)
    return (before, before + after) if mark else ("", text)
