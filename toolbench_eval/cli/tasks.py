# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness tasks`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from toolbench_eval.cli.options import Json, TasksDir

if TYPE_CHECKING:
    from toolbench_eval.suites import Suite

app = typer.Typer(help="What can be evaluated.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(
    suite: Annotated[str | None, typer.Argument(help="A suite, to list its tasks.")] = None,
    tasks_dir: TasksDir = None,
    as_json: Json = False,
) -> None:
    """List the suites, or the tasks of one.

    \b
    Examples:
      evalharness tasks list
      evalharness tasks list toolret --json
    """
    from toolbench_eval.registry import Registry

    registry = Registry(tuple(tasks_dir or ()))
    if suite is None:
        rows = registry.listed_suites()
    else:
        found = registry.suite(suite)
        rows = [{"task": f"{suite}/{row.task}", **row.model_dump(exclude={"task"})} for row in found.rows]
    _print(rows, as_json)


@app.command()
def show(
    task: Annotated[str, typer.Argument(help="Suite, suite/task, suite:category or glob.")],
    tasks_dir: TasksDir = None,
    as_json: Json = False,
) -> None:
    """Show what a suite declares: data, measures, and what each protocol changes.

    \b
    Examples:
      evalharness tasks show sample
      evalharness tasks show toolret:web
    """
    from toolbench_eval.evaluation.select import select
    from toolbench_eval.registry import Registry

    for selection in select((task,), Registry(tuple(tasks_dir or ()))):
        if as_json:
            values = selection.suite.spec.model_dump(mode="json")
            _print({**values, "tasks": [row.model_dump() for row in selection.rows]}, True)
        else:
            _describe(selection.suite)
            _print([row.model_dump() for row in selection.rows], False)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder with own suites, corpora or a BEIR data set.")],
    as_json: Json = False,
) -> None:
    """Check a folder of own tasks: every fault with file, row and field. Exit code 1 if there are any.

    \b
    Example:
      evalharness tasks check my-suite/
    """
    from toolbench_eval.data.check import check_folder

    report = check_folder(folder)
    if as_json:
        _print([vars(finding) for finding in report], True)
    else:
        for finding in report:
            typer.echo(str(finding))
        typer.echo(f"{folder}: {len(report)} faults" if report else f"{folder}: no faults")
    if report:
        raise typer.Exit(1)


def _describe(suite: Suite) -> None:
    from toolbench_eval.suites import Protocol

    spec = suite.spec
    typer.echo(f"{spec.name} (version {spec.version}): {spec.title}")
    if spec.description:
        typer.echo(spec.description.strip())
    queries = sum(row.queries or 0 for row in suite.rows)
    source = f"hub {spec.hub.repo}@{spec.hub.revision or 'main'}" if spec.hub else f"files in {suite.folder.name}/"
    typer.echo(f"\ntasks        {len(suite.rows)} ({queries or 'unknown number of'} queries)")
    typer.echo(f"queries      {source}\ncorpus       {spec.corpus}\nlicence      {spec.licence}")
    typer.echo(f"measures     {' '.join(spec.metrics)}")
    typer.echo(f"headline     {spec.headline.metric}, {spec.headline.aggregate}")
    typer.echo(f"instruction  {spec.instruction}\ndepth        {spec.depth}")
    for name, switch in spec.switches.items():
        values = {protocol: switch.under(protocol) for protocol in get_args(Protocol)}
        only = f" (only {', '.join(switch.only)})" if switch.only else ""
        typer.echo(f"switch       {name}{only}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
        typer.echo(f"             {switch.why}")
    if spec.citation:
        typer.echo(f"citation     tasks/{suite.folder.name}/{spec.citation}")


def _print(rows: Any, as_json: bool) -> None:
    from toolbench_eval.cli.output import print_json, print_table

    if as_json:
        print_json(rows)
    else:
        print_table(rows)
