# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness score`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from toolbench_eval.cli.options import Json


class Ties(StrEnum):
    """Choices of `--ties`."""

    TREC = "trec"
    BY_RANK = "by-rank"
    STABLE = "stable"


class Missing(StrEnum):
    """Choices of `--missing`."""

    ZERO = "zero"
    DROP = "drop"


def command(
    qrels: Annotated[Path, typer.Argument(help="TREC qrels (plain, .gz, .zst).")],
    run: Annotated[Path, typer.Argument(help="TREC run (plain, .gz, .zst).")],
    measures: Annotated[list[str], typer.Argument(help="Measures: 'nDCG@10 P(rel=2)@5 AP', or trec_eval's names.")],
    per_query: Annotated[bool, typer.Option("-q", "--per-query", help="The value of every query, too.")] = False,
    ties: Annotated[
        Ties, typer.Option("--ties", help="Order of equal scores: as trec_eval, by the rank column, as in the file.")
    ] = Ties.TREC,
    missing: Annotated[
        Missing, typer.Option("--missing", help="Judged queries that the run lacks: count as 0, or are dropped.")
    ] = Missing.ZERO,
    as_json: Json = False,
) -> None:
    """Score any TREC run against any TREC qrels; no model, no task.

    \b
    Examples:
      evalharness score qrels.txt run.txt 'nDCG@10 R@100'
      evalharness score qrels.txt run.txt.gz 'nDCG@10 P(rel=2)@5 AP' -q
      evalharness score qrels.txt run.txt ndcg_cut_10 map --json
    """
    from toolbench_eval.metrics.language import parse_measures
    from toolbench_eval.metrics.score import score_run
    from toolbench_eval.ranking.trec import read_qrels, read_run

    wanted = parse_measures(measures)
    scores = score_run(read_run(run, ties=ties.value), read_qrels(qrels), wanted, missing=missing.value)
    means = {name: scores.aggregate(name) for name in scores.values}
    queries = scores.query_ids.to_pylist() if per_query else []
    table = {
        query: {name: float(values[at]) for name, values in scores.values.items()} for at, query in enumerate(queries)
    }
    if as_json:
        from toolbench_eval.cli.output import print_json

        print_json({"scores": means, "queries": len(scores.query_ids), **({"per_query": table} if per_query else {})})
        return
    for query, values in table.items():
        for name, value in values.items():
            typer.echo(f"{name}\t{query}\t{value:.4f}")
    for name, value in means.items():
        typer.echo(f"{name}\tall\t{value:.4f}" if per_query else f"{name}\t{value:.4f}")
