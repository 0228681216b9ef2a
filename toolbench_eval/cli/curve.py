# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness curve`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolbench_eval.cli.options import (
    Concurrency,
    CorpusFile,
    DataDir,
    Json,
    Limit,
    Offline,
    Seed,
    Settings,
    Source,
    TasksDir,
)

if TYPE_CHECKING:
    from toolbench_eval.evaluation.solving.curve import Curve


def command(  # noqa: PLR0913, PLR0917 - the options are those of run
    task: Annotated[list[str], typer.Option("--task", "-t", metavar="T", help="Tasks of one suite (repeatable).")],
    agent: Annotated[str, typer.Option("--agent", "-a", metavar="A", help="Agent.")],
    llm: Annotated[
        list[str], typer.Option("--llm", "-l", metavar="L", help="Its language model; ROLE=L for one role.")
    ],
    model: Annotated[
        list[str], typer.Option("--model", "-m", metavar="M", help="A retriever (repeatable, at least two).")
    ],
    x: Annotated[str, typer.Option("--x", metavar="MEASURE", help="Measure of retrieval.")] = "gold_recall@5",
    y: Annotated[
        str | None, typer.Option("--y", metavar="MEASURE", help="Measure of answers. Default: the headline.")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Write x.html, x.csv or x.json.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results go, as for run.")] = Path("results"),
    source: Source = None,
    corpus: CorpusFile = None,
    settings: Settings = None,
    limit: Limit = None,
    metrics: Annotated[list[str] | None, typer.Option("--metrics", metavar="LIST", help="As for run.")] = None,
    seed: Seed = 0,
    concurrency: Concurrency = 16,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Evaluate an agent with several retrievers, and draw retrieval against answers.

    Results are kept as those of run: the same command again computes only what is missing.

    \b
    Examples:
      evalharness curve --task sample-mhqa --agent rag --llm scripted --model random --model tfidf --model bm25
      evalharness curve --task mhqa/hotpotqa --agent genground --llm openai/gpt-4o-mini --model bm25 --model bge \\
        --x all_gold@10 --plot curve.html
    """
    from toolbench_eval.cli.agent_run import read_roles
    from toolbench_eval.cli.output import TerminalReporter, print_json, print_table
    from toolbench_eval.data.sources import Access
    from toolbench_eval.evaluation.request import Request
    from toolbench_eval.evaluation.solving.curve import evaluate_curve
    from toolbench_eval.evaluation.solving.request import AgentRequest
    from toolbench_eval.registry import Registry
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.switches import parse_pairs

    base = Request(
        tasks=tuple(task),
        out=out,
        access=Access(mirror=data, offline=offline),
        switches=parse_pairs(settings or []),
        limit=limit,
        metrics=tuple(part for text in metrics or () for part in text.split()),
        runtime=Runtime(offline=offline, seed=seed, concurrency=concurrency),
    )
    request = AgentRequest(base=base, agent=agent, llms=read_roles(llm), source=source, corpus=corpus)
    if plot is not None:
        _check_ending(plot)
    curve = evaluate_curve(request, model, x, y, Registry(tuple(tasks_dir or ())), TerminalReporter())
    if plot is not None:
        _write(curve, plot)
    if as_json:
        return print_json(asdict(curve))
    typer.echo(f"{curve.system} on {curve.suite} ({curve.aggregate}): {curve.x} against {curve.y}\n")
    print_table(_rows(curve))
    if curve.rank_correlation is not None:
        typer.echo(f"\nrank correlation (Spearman): {curve.rank_correlation:.3f}")
    return None


def _rows(curve: Curve) -> list[dict[str, Any]]:
    return [
        {
            "retriever": point.model,
            curve.x: f"{point.retrieval.value:.4f}",
            f"{curve.x} 95 %": f"[{point.retrieval.low:.4f}, {point.retrieval.high:.4f}]",
            curve.y: f"{point.answer.value:.4f}",
            f"{curve.y} 95 %": f"[{point.answer.low:.4f}, {point.answer.high:.4f}]",
            "samples": point.samples,
            "failed": point.failed,
        }
        for point in curve.points
    ]


def _check_ending(path: Path) -> None:
    from toolbench_eval.errors import UsageError

    if path.suffix not in {".html", ".csv", ".json"}:
        raise UsageError(f"--plot takes a name that ends in .html, .csv or .json; found '{path.name}'")


def _write(curve: Curve, path: Path) -> None:
    import csv
    import io
    import json

    from toolbench_eval.atomic import write_text

    if path.suffix == ".html":
        from toolbench_eval.site.curve import curve_page

        write_text(path, curve_page(curve))
    elif path.suffix == ".json":
        write_text(path, json.dumps(asdict(curve), indent=1) + "\n")
    else:
        text = io.StringIO()
        rows = _rows(curve)
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(path, text.getvalue())
