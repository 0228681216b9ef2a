"""How levels are written in a study: `NAME`, `NAME:AMOUNT`, and `-SEED` behind either."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from toolbench_eval.errors import UnknownNameError, UsageError

_LEVEL = re.compile(r"(?P<name>\+?[A-Za-z0-9_]+(?:-[A-Za-z_]\w*)*)(?::(?P<amount>[\w.]+))?(?:-(?P<seed>\d+))?")


@dataclass(frozen=True)
class Level:
    """A level that was read.

    Attributes:
        name: Its name.
        amount: What stands behind the colon, None without one.
        seed: Seed of what it draws.
    """

    name: str
    amount: str | None = None
    seed: int = 0

    def number(self, usual: float) -> float:
        """The amount as a number, the usual one where there is none.

        Raises:
            UsageError: It is no number from 0.
        """
        if self.amount is None:
            return usual
        try:
            return float(self.amount)
        except ValueError:
            raise UsageError(f"the amount of '{self.name}' is a number, found '{self.amount}'") from None


def read_level(text: str, known: Iterable[str], seeded: Iterable[str] = ()) -> Level:
    """Read a level.

    Args:
        text: As the study has it.
        known: Names that there are.
        seeded: Those that draw something, and so may have a seed.

    Raises:
        UsageError: It cannot be read, or has a seed and draws nothing.
        UnknownNameError: There is no such name.
    """
    found = _LEVEL.fullmatch(text)
    name = text if found is None else found["name"]
    if name not in known:
        raise UnknownNameError("level", name, known)
    if found is None:
        raise UsageError(f"'{text}' is no level: NAME, NAME:AMOUNT, NAME-SEED")
    if found["seed"] is not None and name not in seeded:
        raise UsageError(f"'{name}' draws nothing, so that it has no seed: found '{text}'")
    return Level(name, found["amount"], int(found["seed"] or 0))


def whole_number(text: str) -> int:
    """A level that is a whole number.

    Raises:
        UsageError: It is none.
    """
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"takes whole numbers, found '{text}'") from None


def number(text: str) -> float:
    """A level that is a number.

    Raises:
        UsageError: It is none.
    """
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"takes numbers, found '{text}'") from None
