"""Bounds of options."""

from __future__ import annotations


def at_least(least: int, **options: int) -> None:
    """Check options.

    Raises:
        ValueError: One is below the bound; the message names it.
    """
    for name, value in options.items():
        if value < least:
            raise ValueError(f"{name} is at least {least}; found {value}")
