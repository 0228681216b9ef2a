# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness data`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolbench_eval.cli.options import DataDir, Json, Offline, TasksDir

if TYPE_CHECKING:
    from toolbench_eval.cli.output import TerminalReporter
    from toolbench_eval.selection import Selection

app = typer.Typer(help="Where data is, fetching it, pinning it.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(
    task: Annotated[str | None, typer.Argument(help="Suite, category or glob. Default: every suite.")] = None,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    online: Annotated[bool, typer.Option("--online", help="Ask the hub, too, for what is not here.")] = False,
    as_json: Json = False,
) -> None:
    """Say for each task and corpus whether its data is here, and where. Asks no hub unless told.

    What is on no hub has to be brought to each run, with --source or --corpus.

    \b
    Examples:
      evalharness data list
      evalharness data list toolret --data mirror/
    """
    from toolbench_eval.cli.output import print_json, print_table
    from toolbench_eval.data.availability import availability
    from toolbench_eval.data.sources import Access
    from toolbench_eval.registry import Registry

    registry = Registry(tuple(tasks_dir or ()))
    rows = availability(task, registry, Access(mirror=data, offline=not online))
    if as_json:
        print_json(rows)
    else:
        print_table([{key: row[key] for key in ("name", "here", "revision", "source")} for row in rows])


@app.command()
def fetch(
    task: Annotated[str, typer.Argument(help="Suite, suite/task, suite:category or glob.")],
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Go on where tasks have no data.")] = False,
) -> None:
    """Download the data of tasks into the local cache, at the pinned revisions, and read it once.

    Tasks whose data is on no hub are named and left out.

    \b
    Examples:
      evalharness data fetch toolret
      evalharness data fetch mhqa/hotpotqa
    """
    for row in _loaded(task, data, tasks_dir, offline=False, allow_missing=allow_missing, placed_only=True):
        typer.echo(f"{row['name']}: {row['rows']} rows from {row['origin']} {row['location']}")


@app.command()
def pin(
    task: Annotated[str, typer.Argument(help="Suite.")],
    out: Annotated[Path | None, typer.Option("--out", help="File for the pins. Default: stdout.")] = None,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Leave out tasks without data.")] = False,
) -> None:
    """Write down the content fingerprints of a suite's data as TOML.

    A file `pins.toml` beside a `suite.toml` is checked at every run: data that differs is refused.

    \b
    Example:
      evalharness data pin sample --out my-suite/pins.toml
    """
    from toolbench_eval.atomic import write_text
    from toolbench_eval.data.pins import pins_toml

    text = pins_toml(_loaded(task, data, tasks_dir, offline=offline, allow_missing=allow_missing))
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text(out, text)
        typer.echo(f"pinned in {out}")


def _loaded(
    task: str,
    data: Path | None,
    tasks_dir: list[Path] | None,
    *,
    offline: bool,
    allow_missing: bool,
    placed_only: bool = False,
) -> list[dict[str, Any]]:
    """Every task's data by name, with sizes and fingerprints; `placed_only` leaves out what users have to bring."""
    from toolbench_eval.cli.output import TerminalReporter
    from toolbench_eval.data.agent_data import agent_rows
    from toolbench_eval.data.pins import pinned_rows
    from toolbench_eval.data.sources import Access
    from toolbench_eval.evaluation.plan import load_data
    from toolbench_eval.evaluation.request import Request
    from toolbench_eval.registry import Registry
    from toolbench_eval.selection import select

    registry, reporter = Registry(tuple(tasks_dir or ())), TerminalReporter()
    access = Access(mirror=data, offline=offline)
    rows: list[dict[str, Any]] = []
    for selection in select((task,), registry):
        if selection.suite.spec.kind == "retrieval":
            request = Request(tasks=(task,), access=access, allow_missing=allow_missing)
            rows += pinned_rows(selection.suite, load_data(selection, request, registry, reporter))
        else:
            chosen = _placed(selection, reporter) if placed_only else selection
            rows += agent_rows(chosen, registry, access, allow_missing=allow_missing)
    return rows


def _placed(selection: Selection, reporter: TerminalReporter) -> Selection:
    """The tasks whose data is somewhere; the others are named."""
    from toolbench_eval.data.agent_data import has_place

    name = selection.suite.name
    for row in selection.rows:
        if not has_place(row):
            reporter.note(f"{name}/{row.task} is on no hub: give its official file to each run with --source")
    return replace(selection, rows=tuple(row for row in selection.rows if has_place(row)))
