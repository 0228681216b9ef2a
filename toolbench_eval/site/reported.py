"""Reported figures, arranged for the page: they stand apart from the entries and have no rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from toolbench_eval.leaderboard.board import REPORTED_FILE, Board
from toolbench_eval.leaderboard.reported import Reported, read_reported

DECIMALS = 4
"""Most that are shown."""


@dataclass
class Figures:
    """What a source says of one system.

    Attributes:
        system: Its name.
        kind: Its type, in the source's words.
        values: Figure by category or average, as published.
        flags: What is doubtful about them.
    """

    system: str
    kind: str
    values: dict[str, str] = field(default_factory=dict)
    flags: dict[str, None] = field(default_factory=dict)


@dataclass
class Table:
    """Figures of one measure, setting and source.

    Attributes:
        measure: The measure.
        setting: The setting.
        source: Where the figures are from.
        groups: Categories and averages.
        rows: The systems, in the order of the file.
    """

    measure: str
    setting: str
    source: str
    groups: list[str]
    rows: list[Figures]

    @property
    def doubtful(self) -> bool:
        """Whether any figure has a flag."""
        return any(row.flags for row in self.rows)


def reported_tables(board: Board) -> list[Table]:
    """The reported figures of a board without those of single tasks; empty if there are none.

    Raises:
        DataError: The file is not what it should be.
    """
    path = board.folder / REPORTED_FILE
    if not path.exists():
        return []
    found: dict[tuple[str, str, str], list[Reported]] = {}
    for row in read_reported(path):
        if not row.group.startswith("subset:"):
            found.setdefault((row.measure, row.setting, row.source), []).append(row)
    return [_table(*key, rows) for key, rows in found.items()]


def _table(measure: str, setting: str, source: str, rows: Sequence[Reported]) -> Table:
    places = min(DECIMALS, max(_decimals(row.value) for row in rows))
    systems: dict[str, Figures] = {}
    for row in rows:
        figures = systems.setdefault(row.system, Figures(row.system, row.kind))
        figures.values[row.group] = f"{row.value:.{places}f}"
        if row.flag:
            figures.flags[row.flag] = None
    groups = list(dict.fromkeys(row.group for row in rows))
    return Table(measure, setting, source, groups, list(systems.values()))


def _decimals(value: float) -> int:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
