# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness trajectories preferences`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from toolbench_eval.cli.options import (
    Concurrency,
    CorpusFile,
    DataDir,
    Device,
    Dtype,
    Json,
    Limit,
    Offline,
    Seed,
    Source,
    TasksDir,
    at_least,
)


class Variant(StrEnum):
    """Choices of `--variant`."""

    COMPLETIONS = "completions"
    TOKENS = "tokens"


class Score(StrEnum):
    """Choices of `--score`."""

    CORRECTED = "corrected"
    RELEASED = "released"


def command(  # noqa: PLR0913, PLR0917 - the options are the contract
    llm: Annotated[str, typer.Option("--llm", "-l", metavar="L", help="The model that is to learn.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Pairs as JSONL; the same command again continues there.")
    ],
    task: Annotated[
        list[str] | None, typer.Option("--task", "-t", metavar="T", help="Tool use tasks with gold calls (repeatable).")
    ] = None,
    records: Annotated[
        Path | None, typer.Option("--records", metavar="FILE", help="Conversations with gold calls, in place of tasks.")
    ] = None,
    n: Annotated[
        int, typer.Option("-n", "--draws", metavar="N", parser=at_least(1), help="Replies for each turn.")
    ] = 5,
    threshold: Annotated[
        float, typer.Option("--threshold", metavar="X", help="Least score of a reply that may be chosen.")
    ] = 0.8,
    score: Annotated[Score, typer.Option("--score", help="The error-oriented score as meant, or as released.")] = (
        Score.CORRECTED
    ),
    variant: Annotated[
        Variant,
        typer.Option(
            "--variant", help="Whole completions, as TTPA's code; or branches at uncertain tokens, our own design."
        ),
    ] = Variant.COMPLETIONS,
    temperature: Annotated[float, typer.Option("--temperature", metavar="X", help="Of the draws.")] = 1.0,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", metavar="N", parser=at_least(1), help="Longest reply.")
    ] = 512,
    branches: Annotated[
        int, typer.Option("--branches", metavar="K", parser=at_least(1), help="tokens: tokens that are branched at.")
    ] = 3,
    alternatives: Annotated[
        int, typer.Option("--alternatives", metavar="K", parser=at_least(1), help="tokens: other tokens at each.")
    ] = 2,
    limit: Limit = None,
    seed: Seed = 0,
    source: Source = None,
    corpus: CorpusFile = None,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    concurrency: Concurrency = 16,
    device: Device = "auto",
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Sample preference pairs of tool calls: replies to a turn, scored against its gold call (TTPA).

    Gold calls before the turn are the history. Below the threshold the gold call is chosen; else the best reply is, and
    all below it and all replies without a call are rejected. Each line is a pair: prompt, tools, chosen, rejected,
    scores. --records takes conversations as 'queries generate' writes them (conversations.jsonl).

    \b
    Examples:
      evalharness trajectories preferences --task sample-tools --llm hf/my-model -n 5 --threshold 0.8 --out pairs.jsonl
      evalharness trajectories preferences --records conversations.jsonl --llm hf/my-model --variant tokens \\
        --out pairs.jsonl
    """
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.data.sources import Access
    from toolbench_eval.registry import Registry
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.training.pairing import PairRequest, pair

    request = PairRequest(
        llm,
        out,
        tuple(task or ()),
        records,
        n,
        threshold,
        score.value,
        variant.value,
        temperature,
        max_tokens,
        branches,
        alternatives,
        limit,
        source,
        corpus,
        Access(mirror=data, offline=offline),
        Runtime(
            device=device,
            dtype=None if dtype is None else dtype.value,
            offline=offline,
            seed=seed,
            concurrency=concurrency,
        ),
    )
    summary = pair(request, Registry(tuple(tasks_dir or ())), TerminalReporter())
    if as_json:
        print_json(summary)
    else:
        _print(summary)


def _print(summary: dict[str, Any]) -> None:
    from toolbench_eval.cli.output import print_table

    mean = summary["mean_score"]
    shown = {**summary, "mean_score": None if mean is None else f"{mean:.4f}"}
    print_table([{**{key: value for key, value in shown.items() if key != "outcomes"}, **summary["outcomes"]}])
