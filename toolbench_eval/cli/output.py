"""Printing: tables for people, JSON for programs; notes and progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from toolbench_eval.evaluation.reporter import Advance

PIPED_WIDTH = 200


def print_json(values: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table; numbers to the right. As wide as needed when stdout is not a terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not rows:
        sys.stdout.write("nothing to show\n")
        return
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False, markup=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        numeric = all(_is_number(row[name]) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)


def _is_number(value: Any) -> bool:
    return value in ("", None) or str(value).replace(".", "", 1).lstrip("-").isdigit()


class TerminalReporter:
    """Notes, warnings and progress bars on stderr; bars only where a person watches."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Whether notes are left out, too."""
        self._quiet = quiet
        self._bars = sys.stderr.isatty() and not quiet

    def note(self, text: str) -> None:
        """A line on stderr."""
        if not self._quiet:
            sys.stderr.write(f"{text}\n")

    def warn(self, text: str) -> None:
        """A line on stderr, also when quiet."""
        sys.stderr.write(f"warning: {text}\n")

    @contextmanager
    def track(self, what: str, total: int) -> Iterator[Advance]:
        """A bar with rate and time left."""
        if not self._bars or total == 0:
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
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        ]
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task(what, total=total, rate="")

            def advance(steps: int) -> None:
                progress.advance(bar, steps)
                speed = progress.tasks[bar].speed
                progress.update(bar, rate=f"{speed:,.0f}/s" if speed else "")

            yield advance
