"""Every error a user can meet, as one tree with its exit codes.

EvalHarnessError                 exit code
├── UsageError                   2   an option, or a combination of options, is wrong
│   └── UnknownNameError         2   a task, model, metric ... that nobody registered
├── DataError                    2   a file, a row, a field is not what it should be
│   └── MissingDataError         2   what a mirror, a folder or `--offline` lacks
├── GateError                    1   a gate, check or verification failed
└── OutsideError                 3   hub, endpoint, disk
    ├── HubError                 3
    ├── EndpointError            3
    └── StorageError             3
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class EvalHarnessError(Exception):
    """Base of all errors that are shown to the user without a traceback."""

    exit_code = 2


class UsageError(EvalHarnessError):
    """An option, or a combination of options, is wrong."""


class UnknownNameError(UsageError):
    """A name that nobody registered; the message lists the nearest known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        """Build the message.

        Args:
            kind: What was looked up, e.g. ``"task"``.
            name: The name as the user wrote it.
            known: All names that exist.
            hint: A closing sentence that says where to look.
        """
        self.kind, self.name, self.known = kind, name, sorted(set(known))
        super().__init__(" ".join(filter(None, [f"unknown {kind} '{name}'.", self._nearest(), hint])))

    def _nearest(self) -> str:
        by_folded = {known.casefold(): known for known in reversed(self.known)}  # of two, the capitalised one
        near = difflib.get_close_matches(self.name.casefold(), by_folded, n=3, cutoff=0.5)
        if near:
            return f"Did you mean {', '.join(by_folded[name] for name in near)}?"
        if 0 < len(self.known) <= 12:
            return f"Known: {', '.join(self.known)}."
        return ""


class DataError(EvalHarnessError):
    """A file is not what it should be; names the file, the row and the field."""

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        field: str | None = None,
    ) -> None:
        """Build the message.

        Args:
            message: What is wrong, what was found and what to do.
            file: The file, folder or data set it was found in.
            row: 1-based line or record number.
            field: Column or key.
        """
        self.message, self.file, self.row, self.field = message, file, row, field
        place = [str(file) if file is not None else "", f"row {row}" if row is not None else ""]
        place.append(f"field '{field}'" if field is not None else "")
        where = ", ".join(filter(None, place))
        super().__init__(f"{where}: {message}" if where else message)


class MissingDataError(DataError):
    """Data that a mirror, a folder or `--offline` lacks."""


class GateError(EvalHarnessError):
    """A gate, a check or a verification failed; the findings are in the message."""

    exit_code = 1


class OutsideError(EvalHarnessError):
    """Something outside this program failed."""

    exit_code = 3


class HubError(OutsideError):
    """The hub did not answer, or answered with an error."""


class EndpointError(OutsideError):
    """The endpoint of a hosted model did not answer, or answered with something that is no answer."""


class StorageError(OutsideError):
    """The disk is full, read-only or broken."""
