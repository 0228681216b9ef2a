"""What a check of a board finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toolbench_eval.errors import DataError, OutsideError

Kind = Literal["fault", "open", "flag"]
"""A fault is wrong; what is open could not be proven here; a flag is worth a look, and no verdict."""


class QrelsNotAtHandError(OutsideError):
    """Judgments that are needed to prove scores are not here, so nothing is proven."""


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Attributes:
        kind: Fault, open or flag.
        entry: Name of the entry, empty for the board itself.
        field: Key of the result, or name of the file.
        message: What is wrong: what the entry says, what is so.
    """

    kind: Kind
    entry: str
    field: str
    message: str

    def __str__(self) -> str:
        mark = {"fault": "", "open": "not proven: ", "flag": "flag: "}[self.kind]
        return f"{mark}{self.entry or 'board'}: {self.field}: {self.message}"


def fault(entry: str, field: str, message: str) -> Finding:
    """Something wrong."""
    return Finding("fault", entry, field, message)


def unproven(entry: str, field: str, message: str) -> Finding:
    """Something that could not be proven here."""
    return Finding("open", entry, field, message)


def flag(entry: str, field: str, message: str) -> Finding:
    """Something worth a look."""
    return Finding("flag", entry, field, message)


def of_error(entry: str, error: DataError, name: str) -> Finding:
    """What a reader refused, without the path of the machine it was read on."""
    return fault(entry, f"{name}, {error.field}" if error.field else name, error.message)
