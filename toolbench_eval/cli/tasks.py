# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness tasks`."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from toolbench_eval.cli.options import Json, TasksDir

if TYPE_CHECKING:
    from toolbench_eval.registry import Registry
    from toolbench_eval.selection import Selection

LABEL = 13
"""Columns of a field's name."""

app = typer.Typer(help="What can be evaluated.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(
    suite: Annotated[
        str | None, typer.Argument(help="A suite, to list its tasks; or suite:category, suite/task, glob.")
    ] = None,
    tasks_dir: TasksDir = None,
    as_json: Json = False,
) -> None:
    """List the suites, or the tasks of one or of a part of it.

    \b
    Examples:
      evalharness tasks list
      evalharness tasks list toolret --json
      evalharness tasks list mair:Code/Tool
    """
    from toolbench_eval.registry import Registry

    registry = Registry(tuple(tasks_dir or ()))
    if suite is None:
        rows = registry.listed_suites()
    else:
        from toolbench_eval.selection import select

        if not set("/:*?[") & set(suite):
            registry.suite(suite)  # its error lists suites only
        rows = [
            {"task": f"{one.suite.name}/{row.task}", **row.model_dump(exclude={"task"})}
            for one in select((suite,), registry)
            for row in one.rows
        ]
    _print(rows, as_json)


@app.command()
def show(
    task: Annotated[str, typer.Argument(help="Suite, suite/task, suite:category or glob.")],
    tasks_dir: TasksDir = None,
    as_json: Json = False,
) -> None:
    """Show what a suite declares (data, measures, what each protocol changes) and its tasks, or those named.

    \b
    Examples:
      evalharness tasks show sample
      evalharness tasks show toolret:web
    """
    from toolbench_eval.cli.differences import model_differences
    from toolbench_eval.registry import Registry
    from toolbench_eval.selection import select

    registry = Registry(tuple(tasks_dir or ()))
    selections = select((task,), registry)
    if as_json:
        shown = [
            {
                **one.suite.spec.model_dump(mode="json"),
                "models": model_differences(one.suite.name, registry),
                "tasks": [row.model_dump() for row in one.rows],
            }
            for one in selections
        ]
        _print(shown[0] if len(shown) == 1 else shown, True)
        return
    for one in selections:
        _describe(one, registry)
        _print([row.model_dump() for row in one.rows], False)


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


def _describe(chosen: Selection, registry: Registry) -> None:
    from toolbench_eval.cli.differences import model_differences
    from toolbench_eval.suites import Protocol

    suite, spec = chosen.suite, chosen.suite.spec
    _paragraph(f"{spec.name} (version {spec.version}): {spec.title}")
    if spec.description:
        _paragraph(" ".join(spec.description.split()))
    queries = sum(row.queries or 0 for row in chosen.rows)
    tasks = f"{len(chosen.rows)}{'' if chosen.whole else f' of {len(suite.rows)}'}"
    typer.echo("")
    _field("tasks", f"{tasks} ({queries or 'unknown number of'} queries)")
    if spec.kind == "retrieval":
        in_files = f"files in {suite.folder.name}/"
        _field("queries", f"hub {spec.hub.repo}@{spec.hub.revision or 'main'}" if spec.hub else in_files)
        _field("corpus", spec.corpus or "each task's own")
    else:
        _field("kind", f"{spec.kind}; each task says below where its data is")
    _field("licence", spec.licence)
    _field("measures", " ".join(spec.metrics))
    _field("headline", f"{spec.headline.metric}, {spec.headline.aggregate}")
    if spec.kind == "retrieval":
        _field("instruction", spec.instruction)
        _field("depth", str(spec.depth))
    for name, switch in spec.switches.items():
        under = {protocol: switch.under(protocol) for protocol in get_args(Protocol)}
        alike = len(set(under.values())) == 1
        values = switch.default if alike else ", ".join(f"{protocol} {value}" for protocol, value in under.items())
        only = f" (only {', '.join(switch.only)})" if switch.only else ""
        _field("switch", f"{name}{only}: {values}")
        _field("", switch.why)
    for row in model_differences(spec.name, registry):
        _field("models", f"{row['value']} under {', '.join(row['protocols'])}: {', '.join(row['models'])}")
    if spec.citation:
        _field("citation", f"tasks/{suite.folder.name}/{spec.citation}")
    typer.echo("")


def _field(name: str, value: str) -> None:
    _paragraph(f"{name:<{LABEL}}{value}", indent=" " * LABEL)


def _paragraph(text: str, indent: str = "") -> None:
    from toolbench_eval.cli.output import width

    typer.echo(textwrap.fill(text, width(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False))


def _print(rows: Any, as_json: bool) -> None:
    from toolbench_eval.cli.output import print_json, print_table

    if as_json:
        print_json(rows)
    else:
        print_table(rows)
