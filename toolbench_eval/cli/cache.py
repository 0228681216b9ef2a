# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness cache`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolbench_eval.cli.options import Json
from toolbench_eval.errors import UsageError

app = typer.Typer(help="What the harness keeps on the disk.", no_args_is_help=True, rich_markup_mode=None)

Out = Annotated[Path, typer.Option("--out", help="Folder of results, whose unfinished work counts, too.")]


@app.command("list")
def list_(out: Out = Path("results"), as_json: Json = False) -> None:
    """List what is cached: data sets and models of the hub, vectors, answers of models; and unfinished results.

    \b
    Example:
      evalharness cache list --out results/
    """
    from toolbench_eval.cli.output import print_json, print_table
    from toolbench_eval.data.caches import entries

    rows = [
        {"kind": entry.kind, "name": entry.name, "MB": round(entry.size / 1e6, 1), "path": str(entry.path)}
        for entry in entries(out)
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows)


@app.command()
def prune(
    name: Annotated[
        list[str],
        typer.Argument(help="Names or kinds from 'cache list': embeddings, unfinished ..."),
    ],
    out: Out = Path("results"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove entries; what is removed is fetched or computed again when it is needed.

    \b
    Examples:
      evalharness cache prune unfinished
      evalharness cache prune mangopy/ToolRet-Tools --yes
    """
    from toolbench_eval.data.caches import chosen, remove

    doomed = chosen(name, out)
    for entry in doomed:
        typer.echo(f"{entry.kind} {entry.name} ({entry.size / 1e6:.1f} MB) {entry.path}")
    if not yes and not _confirmed(f"remove {len(doomed)} entries?"):
        typer.echo("nothing was removed")
        return
    for entry in doomed:
        remove(entry)


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at; say --yes to remove these entries")
    return typer.confirm(question)
