"""Printing: tables for people, JSON for programs; notes and progress on stderr."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from toolbench_eval.progress import Advance

if TYPE_CHECKING:
    from rich.progress import Progress

UNBOUNDED = 10_000
"""Columns of a table that goes to a file or a pipe."""

GAP = "  "
"""Between two columns of a table."""

MIN_LAST = 12
"""Columns that the last column of a table gets at least, however narrow the terminal is."""


def print_json(values: Any) -> None:
    """One JSON document on stdout."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which JSON can say in its own way only
        text = json.dumps(values, allow_nan=False)
    sys.stdout.write(text + "\n")


def width() -> int:
    """Columns that tables may take: those of the terminal or of `COLUMNS`; elsewhere no limit."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return shutil.get_terminal_size().columns
    return UNBOUNDED


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table; numbers to the right. What does not fit is wrapped in the last column.

    Columns without any value are left out; a name may have several lines. Not through rich, whose import
    takes longer than all the rest of `tasks list`.
    """
    if not rows:
        sys.stdout.write("nothing to show\n")
        return
    names = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    numeric = [all(_is_number(row[name]) for row in rows) for name in names]
    body = [["" if row[name] is None else str(row[name]) for name in names] for row in rows]
    head = list(zip_longest(*(name.split("\n")[::-1] for name in names), fillvalue=""))[::-1]
    widths = [max(map(len, column)) for column in zip(*head, *body, strict=True)]
    room = width() - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)
    widths[-1] = min(widths[-1], max(MIN_LAST, room))
    for names_line in head:
        sys.stdout.write(_line(names_line, widths, numeric))
    sys.stdout.write("─" * (sum(widths) + len(GAP) * (len(widths) - 1)) + "\n")
    for row in body:
        first, *rest = textwrap.wrap(row[-1], widths[-1]) or [""]
        sys.stdout.write(_line([*row[:-1], first], widths, numeric))
        for more in rest:
            sys.stdout.write(_line([*[""] * (len(row) - 1), more], widths, numeric))


def _line(cells: Sequence[str], widths: list[int], numeric: list[bool]) -> str:
    padded = [
        cell.rjust(size) if right else cell.ljust(size)
        for cell, size, right in zip(cells, widths, numeric, strict=True)
    ]
    return GAP.join(padded).rstrip() + "\n"


def _is_number(value: Any) -> bool:
    return value in ("", None) or str(value).replace(".", "", 1).lstrip("-").isdigit()


class TerminalReporter:
    """Notes, warnings and progress bars on stderr; bars only where a person watches."""

    def __init__(self) -> None:
        """Show what parts of the harness log, too."""
        self._bars: Progress | None = None
        logger = logging.getLogger("toolbench_eval")
        logger.setLevel(logging.INFO)
        logger.handlers = [LoggedNotes(self)]

    def note(self, text: str) -> None:
        """A line on stderr."""
        sys.stderr.write(f"{text}\n")

    def warn(self, text: str) -> None:
        """A line on stderr that says so."""
        sys.stderr.write(f"warning: {text}\n")

    @contextmanager
    def track(self, what: str, total: int) -> Iterator[Advance]:
        """A bar with rate and time left; inside another one's block it stands below that."""
        if total == 0 or not sys.stderr.isatty():
            yield lambda _: None
        elif self._bars is not None:
            yield _bar(self._bars, what, total)
        else:
            with _progress() as bars:
                self._bars = bars
                try:
                    yield _bar(bars, what, total)
                finally:
                    self._bars = None


class LoggedNotes(logging.Handler):
    """Hands log records to a reporter: warnings as such, the rest as notes."""

    def __init__(self, reporter: TerminalReporter) -> None:
        """Take the reporter."""
        super().__init__(logging.INFO)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record."""
        show = self._reporter.warn if record.levelno >= logging.WARNING else self._reporter.note
        show(record.getMessage())


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )


def _bar(progress: Progress, what: str, total: int) -> Advance:
    bar = progress.add_task(what, total=total, rate="")

    def advance(steps: int) -> None:
        progress.advance(bar, steps)
        speed = progress.tasks[bar].speed
        progress.update(bar, rate=f"{speed:,.0f}/s" if speed else "")

    return advance
