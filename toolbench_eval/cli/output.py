"""Printing: tables for people, JSON for programs; notes and progress on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from toolbench_eval.evaluation.reporter import Advance

UNBOUNDED = 10_000
"""Columns of a table that goes to a file or a pipe."""


def print_json(values: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")


def width() -> int:
    """Columns that tables may take: those of the terminal or of `COLUMNS`; elsewhere no limit."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return shutil.get_terminal_size().columns
    return UNBOUNDED


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table; numbers to the right. What does not fit is wrapped in the last column.

    Columns without any value are left out.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not rows:
        sys.stdout.write("nothing to show\n")
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    names = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    for name in names:
        numeric = all(_is_number(row[name]) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=name != names[-1])
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in names))
    console = Console(width=width(), highlight=False, markup=False, emoji=False)
    with console.capture() as printed:
        console.print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())


def _is_number(value: Any) -> bool:
    return value in ("", None) or str(value).replace(".", "", 1).lstrip("-").isdigit()


class TerminalReporter:
    """Notes, warnings and progress bars on stderr; bars only where a person watches."""

    def note(self, text: str) -> None:
        """A line on stderr."""
        sys.stderr.write(f"{text}\n")

    def warn(self, text: str) -> None:
        """A line on stderr that says so."""
        sys.stderr.write(f"warning: {text}\n")

    @contextmanager
    def track(self, what: str, total: int) -> Iterator[Advance]:
        """A bar with rate and time left."""
        if total == 0 or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = [
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        ]
        with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
            bar = progress.add_task(what, total=total, rate="")

            def advance(steps: int) -> None:
                progress.advance(bar, steps)
                speed = progress.tasks[bar].speed
                progress.update(bar, rate=f"{speed:,.0f}/s" if speed else "")

            yield advance
