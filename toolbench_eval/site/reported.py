"""Reported figures, arranged for the page: they stand apart from the entries and have no rank."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolbench_eval.leaderboard.board import REPORTED_FILE, Board
from toolbench_eval.leaderboard.reported import Reported, read_reported


@dataclass
class Figures:
    """What one source says of one system.

    Attributes:
        system: Its name.
        kind: Its type, in the source's words.
        source: Where the figures are from.
        values: Figure by category or average, as published.
        flags: What is doubtful about them.
    """

    system: str
    kind: str
    source: str
    values: dict[str, str] = field(default_factory=dict)
    flags: dict[str, None] = field(default_factory=dict)


@dataclass
class Table:
    """Figures of one measure and setting.

    Attributes:
        measure: The measure.
        setting: The setting.
        groups: Categories and averages.
        rows: The systems, in the order of the file.
    """

    measure: str
    setting: str
    groups: list[str]
    rows: list[Figures]


def reported_tables(board: Board) -> list[Table]:
    """The reported figures of a board without those of single tasks; empty if there are none.

    Raises:
        DataError: The file is not what it should be.
    """
    path = board.folder / REPORTED_FILE
    if not path.exists():
        return []
    found: dict[tuple[str, str], list[Reported]] = {}
    for row in read_reported(path):
        if not row.group.startswith("subset:"):
            found.setdefault((row.measure, row.setting), []).append(row)
    return [_table(measure, setting, rows) for (measure, setting), rows in found.items()]


def _table(measure: str, setting: str, rows: list[Reported]) -> Table:
    systems: dict[tuple[str, str], Figures] = {}
    for row in rows:
        figures = systems.setdefault((row.system, row.source), Figures(row.system, row.kind, row.source))
        figures.values[row.group] = f"{row.value:g}"
        if row.flag and row.flag != "ok":
            figures.flags[row.flag] = None
    return Table(measure, setting, list(dict.fromkeys(row.group for row in rows)), list(systems.values()))
