"""The README of a board: generated, so that it never differs from the entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolbench_eval.atomic import write_text
from toolbench_eval.leaderboard.board import TABLE_FILE, Board
from toolbench_eval.leaderboard.table import cells, read_entries, reported_tables, sections

_OF_AGENTS = """Each entry is a result with its trajectories; `evalharness leaderboard verify` scores them again. It
cannot tell which models wrote the replies in them."""
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~])")


def board_page(board: Board) -> str:
    """The README of a board, as Markdown.

    Raises:
        DataError: An entry cannot be read.
    """
    lines = [f"# {board.spec.suite}, version {board.spec.version}", ""]
    if board.spec.frozen:
        lines += ["Frozen: this board takes no more entries, and stays as it is.", ""]
    if board.spec.note:
        lines += [_safe(board.spec.note), ""]
    entries = read_entries(board)
    lines += ["## Verified", ""]
    of_agents = any(entry.result.agent is not None for entry in entries)
    lines += [
        _OF_AGENTS
        if of_agents
        else "Each entry is a result with its runs; `evalharness leaderboard verify` scores them again.",
        "This file is made by `evalharness leaderboard build`.",
        "",
    ]
    if not entries:
        lines += ["No entries yet.", ""]
    for section in sections(entries):
        systems = [cells(entry, section.groups) for entry in section.rows if not entry.submission.bound]
        bounds = [cells(entry, section.groups) for entry in section.rows if entry.submission.bound]
        lines += [f"### {section.title.capitalize()}", "", f"Sorted by {section.metric}.", ""]
        lines += [*_table(systems, link="entry"), ""] if systems else ["No systems yet.", ""]
        if bounds:
            lines += ["Sanity bounds, which are no systems:", "", *_table(bounds, link="entry"), ""]
    lines += _reported(board)
    return "\n".join(lines).rstrip() + "\n"


def build(board: Board) -> Path:
    """Write the README of a board.

    Raises:
        DataError: An entry cannot be read.
    """
    write_text(board.folder / TABLE_FILE, board_page(board))
    return board.folder / TABLE_FILE


def _reported(board: Board) -> list[str]:
    tables = reported_tables(board)
    if not tables:
        return []
    lines = ["## Reported, not verified", ""]
    lines += [
        "Figures that others published, as they published them (mostly in percent), with their source. There is",
        "no run here that they could be scored from: they stand apart from the entries and have no rank among them.",
        "All of them, subsets too, are in `reported.csv`.",
        "",
    ]
    for title, rows in tables.items():
        lines += [f"### {_safe(title)}", "", *_table(rows), ""]
    return lines


def _table(rows: Sequence[Mapping[str, Any]], link: str | None = None) -> list[str]:
    names = list(rows[0])
    lines = ["| " + " | ".join(map(_safe, names)) + " |", "|" + "---|" * len(names)]
    for row in rows:
        shown = [f"[files]({row[name]}/)" if name == link else _safe(str(row[name])) for name in names]
        lines.append("| " + " | ".join(shown) + " |")
    return lines


def _safe(text: str) -> str:
    """Text that is no markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
