# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness rescore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolbench_eval.cli.options import Json, NarrowInstruction, NarrowTask
from toolbench_eval.errors import UsageError


def command(
    result: Annotated[Path, typer.Argument(help="Result file, or a folder that holds exactly one.")],
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metrics", metavar="LIST", help="What to compute. Default: what the result has."),
    ] = None,
    task: NarrowTask = None,
    instruction: NarrowInstruction = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="P", help="Answers: another evaluator's rules, e.g. kilt.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a stored run again: no model, no corpus, no network.

    The result is printed; the stored one stays as it is.

    \b
    Examples:
      evalharness rescore results/sample/bm25 --instruction with
      evalharness rescore results/sample/bm25 --instruction with --metrics 'RR@10 ERR@20' --json
      evalharness rescore results/sample-mhqa --profile flashrag
    """
    from toolbench_eval.cli.output import print_json
    from toolbench_eval.cli.summary import print_summary
    from toolbench_eval.results.rescore import rescore
    from toolbench_eval.results.store import find_result, read_result

    wanted = None if instruction is None else instruction.value
    place = find_result(result, task=task, instruction=wanted)
    if read_result(place).agent is not None:
        from toolbench_eval.evaluation.solving.rescore import rescore_solved

        scored = rescore_solved(place, metrics, profile)
    elif profile is not None:
        raise UsageError("--profile is for answers of agents; this is a result of retrieval")
    else:
        scored = rescore(place, metrics)
    if as_json:
        print_json(scored.model_dump(mode="json"))
    else:
        print_summary([scored])
