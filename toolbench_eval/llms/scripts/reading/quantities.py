"""Numbers in answers: years, and amounts with a unit."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*([a-z]+)?", re.IGNORECASE)
_FACTORS = {
    "thousand": 1e3,
    "million": 1e6,
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), 1e3),
    **dict.fromkeys(("mile", "miles"), 1609.344),
    **dict.fromkeys(("foot", "feet", "ft"), 0.3048),
}


def quantity(text: str) -> float | None:
    """The first number of a text; lengths in metres. None where there is none."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    return float(found[1].replace(",", "")) * _FACTORS.get((found[2] or "").lower(), 1.0)
