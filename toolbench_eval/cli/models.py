# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness models`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from toolbench_eval.cli.options import Device, Json, Offline, TasksDir, TrustRemoteCode

app = typer.Typer(help="What can be run.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(tasks_dir: TasksDir = None, as_json: Json = False) -> None:
    """List the models that have a card; any hub id or folder of a sentence-transformers model works, too.

    \b
    Examples:
      evalharness models list
      evalharness models list --tasks-dir my-cards/ --json
    """
    from toolbench_eval.cli.output import print_json, print_table
    from toolbench_eval.registry import Registry

    rows = Registry(tuple(tasks_dir or ())).listed_models()
    if as_json:
        print_json(rows)
    else:
        print_table([{"model": r["model"], "family": r["family"], "what": _what(r)} for r in rows])


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="Name, hub id or folder.")],
    tasks_dir: TasksDir = None,
    as_json: Json = False,
) -> None:
    """Show a model's card: weights, pooling, templates, limits, and what no source confirms.

    \b
    Example:
      evalharness models show bge
    """
    from toolbench_eval.cli.output import print_json
    from toolbench_eval.registry import Registry
    from toolbench_eval.retrievers.load import find_card

    card = find_card(model, Registry(tuple(tasks_dir or ())))
    if as_json:
        print_json(card.model_dump(mode="json"))
        return
    for name, value in card.model_dump(mode="json", exclude_defaults=True).items():
        _line(name, value)


@app.command()
def check(
    model: Annotated[str, typer.Argument(help="Name, hub id, folder, mteb:<name>, or a pipeline.")],
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    device: Device = "auto",
    trust_remote_code: TrustRemoteCode = False,
    as_json: Json = False,
) -> None:
    """Try a model on a part of the shipped sample, in seconds, and say what was found.

    A reranker alone is tried behind bm25.

    Exit code 1 if it does not work: it fails, its scores are NaN or constant, or ties are everywhere.

    \b
    Examples:
      evalharness models check bm25
      evalharness models check minilm --device cpu
      evalharness models check ./my-model --json
    """
    from dataclasses import asdict

    from toolbench_eval.cli.output import print_json
    from toolbench_eval.cli.trial import print_trial
    from toolbench_eval.evaluation.trial import try_model
    from toolbench_eval.registry import Registry
    from toolbench_eval.retrievers.base import Runtime

    runtime = Runtime(device=device, offline=offline, trust_remote_code=trust_remote_code)
    trial = try_model(model, Registry(tuple(tasks_dir or ())), runtime)
    if as_json:
        print_json({**asdict(trial), "usable": trial.usable})
    else:
        print_trial(trial)
    if not trial.usable:
        raise typer.Exit(1)


def _what(row: dict[str, Any]) -> str:
    return " · ".join(filter(None, [row["title"], row["hub"]]))


def _line(name: str, value: object, indent: str = "") -> None:
    if isinstance(value, dict):
        typer.echo(f"{indent}{name}")
        for key, inner in value.items():
            _line(key, inner, indent + "  ")
    elif isinstance(value, list):
        for inner in value:
            typer.echo(f"{indent}{name:<20} {inner}")
    else:
        shown = repr(value)[1:-1] if isinstance(value, str) else value
        typer.echo(f"{indent}{name:<20} {shown}")
