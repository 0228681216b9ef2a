# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness queries`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from toolbench_eval.cli.options import Concurrency, Device, Dtype, Json, Offline, Seed, at_least, whole_number

app = typer.Typer(help="Queries for your own tools.", no_args_is_help=True, rich_markup_mode=None)


def _span(text: str) -> str:
    """Check `2` or `1..3`; typer shows what was written as the default."""
    fewest, most = _bounds(text)
    if not 1 <= fewest <= most:
        raise typer.BadParameter(f"must be N or A..B with 1 <= A <= B, found '{text}'")
    return text


def _bounds(text: str) -> tuple[int, int]:
    fewest, _, most = text.partition("..")
    return whole_number(fewest), whole_number(most or fewest)


@app.command()
def generate(  # noqa: PLR0913, PLR0917 - the options are the contract
    corpus: Annotated[Path, typer.Option("--corpus", metavar="DIR", help="Folder that 'corpus import' wrote.")],
    llm: Annotated[
        list[str],
        typer.Option("--llm", "-l", metavar="L", help="Who writes; strong=L2 for requests and forced answers."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The same command again continues there.")],
    number: Annotated[int, typer.Option("-n", "--number", metavar="N", parser=at_least(1), help="Queries.")] = 50,
    per_query: Annotated[
        str, typer.Option("--tools-per-query", metavar="A..B", parser=_span, help="Tools that a query needs.")
    ] = "1..3",
    environment: Annotated[
        str,
        typer.Option("--environment", metavar="E", help="Who executes calls: auto, none, or package.module:function."),
    ] = "auto",
    allow_changes: Annotated[
        bool, typer.Option("--allow-changes", help="Also call tools that may change something, for real.")
    ] = False,
    window: Annotated[
        int, typer.Option("--window", metavar="N", parser=at_least(1), help="Tools that a situation is made for.")
    ] = 20,
    temperature: Annotated[float, typer.Option("--temperature", metavar="X", min=0.0, help="Of the writer.")] = 1.0,
    seed: Seed = 0,
    concurrency: Concurrency = 16,
    offline: Offline = False,
    device: Device = "auto",
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Write queries, instructions and labels for your tools: calls first, then the answer, then the request.

    Where somebody executes calls (see 'corpus import'), each query comes from calls that were made, and made again
    with the same results; else from documentation alone. OUT is a --tasks-dir with draft suites; decide on the rows of
    OUT/review.csv and make the final ones with 'queries accept'.

    \b
    Examples:
      evalharness queries generate --corpus pets --llm openai/gpt-4o-mini -n 100 --out pets-queries
      evalharness queries generate --corpus own --llm hf/my-model --llm strong=openai/gpt-4o --tools-per-query 2..3 \\
        --out own-queries
    """
    from toolbench_eval.cli.agent_run import read_roles
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.toolset.generating import GenerateRequest
    from toolbench_eval.toolset.generating import generate as made

    runtime = Runtime(
        device=device, dtype=None if dtype is None else dtype.value, offline=offline, seed=seed, concurrency=concurrency
    )
    request = GenerateRequest(
        corpus,
        read_roles(llm),
        number,
        out,
        _bounds(per_query),
        environment,
        allow_changes,
        window,
        temperature,
        runtime,
    )
    summary = made(request, TerminalReporter())
    if as_json:
        print_json(summary)
    else:
        _print(out, summary)


@app.command()
def accept(
    review: Annotated[Path, typer.Argument(help="The review.csv of 'queries generate', each row decided on.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the suites; new or empty.")],
    version: Annotated[str, typer.Option("--suite-version", metavar="V", help="Version of the suites.")] = "1",
    as_json: Json = False,
) -> None:
    """Make the final suites of a reviewed file: rows with `keep?` yes, with the changes made in them.

    The columns query, instruction, tools and short_answer may be changed; every fault is named with its row.

    \b
    Example:
      evalharness queries accept pets-queries/review.csv --out pets-suites
    """
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.toolset.accepting import accept as taken

    done = taken(review, out, version, TerminalReporter())
    kept = len(done.accepted)
    if as_json:
        print_json({"kept": kept, "edited": done.edited, "refused": done.refused, "folder": str(out)})
    else:
        typer.echo(f"{out}: {kept} queries kept, {done.edited} of them edited, {done.refused} refused")


def _print(out: Path, summary: dict[str, Any]) -> None:
    dropped = ", ".join(f"{reason} {times}" for reason, times in summary["dropped"].items()) or "none"
    how = "calls that were executed" if summary["executed"] else "documentation alone"
    typer.echo(f"{out}: {summary['kept']} queries from {how}; {summary['tried']} tried, dropped: {dropped}")
    typer.echo(f"decide on the rows of {out / 'review.csv'}, then: evalharness queries accept {out / 'review.csv'}")
