# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from toolbench_eval.cli.options import NarrowInstruction, NarrowTask
from toolbench_eval.errors import UsageError


class Target(StrEnum):
    """Choices of `--to`."""

    TREC = "trec"
    MTEB = "mteb"
    MODEL_INDEX = "model-index"


def command(
    result: Annotated[Path, typer.Argument(help="Result file, or a folder that holds exactly one.")],
    to: Annotated[Target, typer.Option("--to", help="The format.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to. Default: export/<format>.")
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Language and script of the queries, as mteb writes them.")
    ] = "eng-Latn",
    task: NarrowTask = None,
    instruction: NarrowInstruction = None,
) -> None:
    """Write a result in the format of others: TREC runs and qrels, mteb's result file, the hub's model-index.

    \b
    Examples:
      evalharness export results/sample/bm25 --instruction with --to trec --out trec/
      evalharness export results/toolret/mine --instruction without --to mteb --out results-mteb/
      evalharness export results/toolret/mine --instruction without --to model-index
    """
    from toolbench_eval.results.store import find_result

    path = find_result(result, task=task, instruction=None if instruction is None else instruction.value)
    for file in _written(to, path, out or Path("export") / to.value, language):
        typer.echo(str(file))


def _written(to: Target, path: Path, out: Path, language: str) -> list[Path]:
    from toolbench_eval.export.model_index import export_model_index
    from toolbench_eval.export.mteb import export_mteb
    from toolbench_eval.export.trec import export_trec, unranked
    from toolbench_eval.results.store import read_result

    result = read_result(path)
    if to is Target.TREC:
        written = export_trec(path, out)
        for lacking in unranked(result).values():
            typer.echo(f"left out: {lacking}", err=True)
        return written
    if result.agent is not None:
        advice = "--to trec writes what the agent retrieved"
        raise UsageError(f"{to.value} has no place for the answers of agents: {advice}")
    return export_mteb(path, out, language) if to is Target.MTEB else export_model_index(path, out)
