# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness leaderboard`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolbench_eval.cli.options import DataDir, Json, Offline, TasksDir
from toolbench_eval.cli.site import site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolbench_eval.leaderboard.board import Board
    from toolbench_eval.leaderboard.entry import Entry
    from toolbench_eval.leaderboard.verify import Report

app = typer.Typer(help="Boards of results that can be proven again.", no_args_is_help=True, rich_markup_mode=None)
app.command()(site)

Boards = Annotated[list[Path], typer.Argument(metavar="BOARD...", help="Boards, or folders of boards.")]
SHOWN = 20
"""Findings of an entry that are printed."""


@app.command()
def show(boards: Boards, as_json: Json = False) -> None:
    """Print boards: headline with interval, categories; reported figures apart.

    \b
    Examples:
      evalharness leaderboard show leaderboards/sample/1
      evalharness leaderboard show leaderboards --json
    """
    from toolbench_eval.cli.output import print_json

    found = _boards(boards)
    if as_json:
        print_json({"boards": [_as_json(board) for board in found]})
        return
    for board in found:
        _print_board(board)


@app.command()
def verify(
    boards: Boards,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=1, help="Processes for large boards. Default: the cores.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove boards again: score every run and every trajectory anew, check every file and claim.

    Exit code 1 if anything is wrong; 3 if the judgments are not at hand, so that nothing could be said.

    \b
    Examples:
      evalharness leaderboard verify leaderboards/sample/1
      evalharness leaderboard verify leaderboards --data mirror/ --offline
    """
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.data.sources import Access
    from toolbench_eval.leaderboard.findings import QrelsNotAtHandError
    from toolbench_eval.leaderboard.verify import verify_board
    from toolbench_eval.registry import Registry

    registry, access = Registry(tuple(tasks_dir or ())), Access(mirror=data, offline=offline)
    count = jobs or len(os.sched_getaffinity(0))
    reports = [verify_board(board, registry, access, TerminalReporter(), count) for board in _boards(boards)]
    if as_json:
        print_json({"boards": [_report_as_json(report) for report in reports]})
    else:
        for report in reports:
            _print_report(report)
    if any(report.of_kind("fault") for report in reports):
        raise typer.Exit(1)
    lacking = [finding for report in reports for finding in report.of_kind("open")]
    if lacking:
        raise QrelsNotAtHandError(f"{len(lacking)} things could not be proven here: {lacking[0].message}")


@app.command()
def build(boards: Boards, tasks_dir: TasksDir = None) -> None:
    """Write the README of boards anew from their entries; freeze boards whose suite has another version by now.

    \b
    Example:
      evalharness leaderboard build leaderboards
    """
    from toolbench_eval.leaderboard.freeze import frozen_if_superseded
    from toolbench_eval.leaderboard.render import build as build_page
    from toolbench_eval.registry import Registry

    registry = Registry(tuple(tasks_dir or ()))
    for board in _boards(boards):
        typer.echo(f"written: {build_page(frozen_if_superseded(board, registry))}")


def _boards(places: list[Path]) -> list[Board]:
    from toolbench_eval.leaderboard.board import find_boards

    found = {board.folder.resolve(): board for place in places for board in find_boards(place)}
    return list(found.values())


def _print_board(board: Board) -> None:
    from toolbench_eval.cli.output import print_table
    from toolbench_eval.leaderboard.table import cells, read_entries, reported_tables, sections

    frozen = " (frozen)" if board.spec.frozen else ""
    entries = read_entries(board)
    typer.echo(
        f"{board.spec.suite}, version {board.spec.version}{frozen}: {len(entries)} entries with their {_proof(entries)}"
    )
    for section in sections(entries):
        typer.echo(f"\n{section.title}, by {section.metric}")
        marks = {True: "bound", False: ""}
        print_table([{"": marks[row.submission.bound], **cells(row, section.groups)} for row in section.rows])
    for title, rows in reported_tables(board).items():
        typer.echo(f"\nreported by others, not verified: {title}")
        print_table(rows)
    typer.echo("")


def _proof(entries: Sequence[Entry]) -> str:
    """What the scores of entries are computed from."""
    return "trajectories" if any(entry.result.agent is not None for entry in entries) else "runs"


def _as_json(board: Board) -> dict[str, Any]:
    from toolbench_eval.leaderboard.table import by_group, cost_of, read_entries, reported_tables, setting_title

    entries = [
        {
            "entry": entry.name,
            "model": entry.result.model,
            **({} if entry.result.agent is None else {"agent": entry.result.agent, "llm": entry.result.llm}),
            "system": entry.result.system,
            "setting": setting_title(entry.result),
            "headline": entry.result.headline.model_dump(mode="json"),
            "groups": by_group(entry.result),
            **({} if entry.result.agent is None else {"cost": cost_of(entry.result)}),
            "bound": entry.submission.bound,
            "trained_on": entry.submission.trained_on,
        }
        for entry in read_entries(board)
    ]
    spec = board.spec.model_dump(mode="json")
    return {**spec, "folder": str(board.folder), "verified": entries, "reported": reported_tables(board)}


def _print_report(report: Report) -> None:
    total = len(report.entries)
    for entry in ["", *report.entries]:
        found = [finding for finding in report.findings if finding.entry == entry]
        for finding in found[:SHOWN]:
            typer.echo(f"{report.board.name} {finding}")
        if len(found) > SHOWN:
            typer.echo(f"{report.board.name} {entry}: and {len(found) - SHOWN} more (--json lists all)")
    for finding in report.findings:
        if finding.entry and finding.entry not in report.entries:
            typer.echo(f"{report.board.name} {finding}")
    counts = [(len(report.of_kind("fault")), "faults"), (len(report.of_kind("open")), "open")]
    counts.append((len(report.of_kind("flag")), "flags"))
    said = ", ".join(f"{count} {name}" for count, name in counts if count)
    typer.echo(f"{report.board.name}: {report.proven} of {total} entries proven{f'; {said}' if said else ''}")


def _report_as_json(report: Report) -> dict[str, Any]:
    return {
        "board": report.board.name,
        "folder": str(report.board.folder),
        "entries": list(report.entries),
        "proven": report.proven,
        **{f"{kind}s" if kind != "open" else kind: [vars(one) for one in report.of_kind(kind)] for kind in _KINDS},
    }


_KINDS = ("fault", "open", "flag")
