"""What the first page says of each board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolbench_eval.site.data import BoardView, Row, setting_words


@dataclass(frozen=True)
class Best:
    """The best system of one setting.

    Attributes:
        instruction: `with` or `without`.
        row: Its entry.
        level: Number of other systems that the tests cannot tell from it.
    """

    instruction: str
    row: Row
    level: int


@dataclass(frozen=True)
class Line:
    """A board on the first page.

    Attributes:
        shown: The board.
        systems: Number of entries that compete, each setting its own.
        figures: Number of reported systems.
        best: Its best systems.
    """

    shown: BoardView
    systems: int
    figures: int
    best: tuple[Best, ...]


def overview(shown: Sequence[BoardView]) -> list[Line]:
    """Boards in the order given; frozen ones last."""
    ordered = sorted(shown, key=lambda one: one.board.spec.frozen)
    return [
        Line(
            one,
            sum(not row.entry.submission.bound for row in one.rows),
            len({row.system for table in one.reported for row in table.rows}),
            tuple(_best(one)),
        )
        for one in ordered
    ]


def _best(shown: BoardView) -> Iterator[Best]:
    """Rows are sorted by setting and value, so that the first of each instruction is the best."""
    usual = setting_words(shown.rows[0].result) if shown.rows else ""
    rows = [row for row in shown.rows if not row.entry.submission.bound and setting_words(row.result) == usual]
    for instruction in dict.fromkeys(row.instruction for row in rows):
        members = [row for row in rows if row.instruction == instruction]
        first = members[0]
        own = first.groups.get(first.result.headline.aggregate)
        level = own.worst - own.best if own is not None else 0
        yield Best(instruction, first, level)
