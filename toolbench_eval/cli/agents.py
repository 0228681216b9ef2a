# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness agents`."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from toolbench_eval.cli.options import Json

app = typer.Typer(help="Agents that can be evaluated.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the agents: those that ship, and those of installed packages.

    \b
    Example:
      evalharness agents list
    """
    from toolbench_eval.agents.catalogue import agent_names
    from toolbench_eval.cli.output import print_json, print_table

    rows = [{"agent": name, "what": _first_line(name)} for name in agent_names()]
    if as_json:
        print_json(rows)
    else:
        print_table(rows)


@app.command()
def show(agent: Annotated[str, typer.Argument(help="Name of an agent.")], as_json: Json = False) -> None:
    """Show an agent: what it does, its prompts, its options and what the protocols set.

    \b
    Example:
      evalharness agents show genground
    """
    from toolbench_eval.agents.catalogue import agent_class, roles_of
    from toolbench_eval.agents.options import described
    from toolbench_eval.cli.output import print_json, print_table

    kind = agent_class(agent)
    roles = roles_of(kind) or ()
    if as_json:
        parts = {"prompts": list(kind.prompts), "roles": list(roles), "options": described(kind)}
        print_json({"agent": kind.name, **parts})
        return
    typer.echo(f"{kind.name}\n\n{inspect.getdoc(kind)}\n")
    typer.echo(f"prompts: {', '.join(kind.prompts) or 'none'}")
    if roles:
        typer.echo(f"roles: {', '.join(roles)} (each may have a model of its own: --llm {roles[0]}=L)")
    typer.echo()
    print_table([{name: _shown(value) for name, value in row.items()} for row in described(kind)])
    typer.echo("\nSet one with --set OPTION=VALUE, a bundle with --protocol default|paper|released.")


def _shown(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return str(value)


def _first_line(name: str) -> str:
    """What an agent does; a faulty package of somebody else must not hide the other agents."""
    from toolbench_eval.agents.catalogue import agent_class
    from toolbench_eval.errors import UsageError

    try:
        return (inspect.getdoc(agent_class(name)) or "").partition("\n")[0]
    except UsageError as error:
        return str(error)
