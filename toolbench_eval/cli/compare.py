# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness compare`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolbench_eval.cli.options import DataDir, Instruction, Json, TasksDir, whole_number

if TYPE_CHECKING:
    from toolbench_eval.comparison.compare import Comparison

MOST_PAIRS = 45
"""Pairs that a terminal shows; files have all."""

MOST_SYSTEMS = 6
"""Systems whose scores a terminal shows for every task."""


class Test(StrEnum):
    """Choices of `--test`."""

    PERMUTATION = "permutation"
    T = "t"
    BOOTSTRAP = "bootstrap"


Metric = Annotated[str | None, typer.Option("--metric", metavar="M", help="Measure. Default: the headline's.")]
Task = Annotated[
    str | None,
    typer.Option("--task", metavar="T", help="This task only; also narrows a folder to the result that has it."),
]
InstructionOption = Annotated[
    Instruction | None, typer.Option("--instruction", help="Narrow a folder to the results of this setting.")
]
TestOption = Annotated[
    Test, typer.Option("--test", help="Sign flips of the queries' differences, paired t-test, or paired bootstrap.")
]
Draws = Annotated[int, typer.Option("--draws", metavar="N", parser=whole_number, help="Number of flips or resamples.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", parser=whole_number, help="Seed of the draws.")]
SharedTasks = Annotated[
    bool, typer.Option("--shared-tasks", help="Compare the tasks that all have, where some have others too.")
]
Force = Annotated[bool, typer.Option("--force", help="Compare what is not comparable; the output says so.")]
Across = Annotated[
    str | None,
    typer.Option("--across", metavar="KEY", help="The one key of the task setting that may differ: instruction."),
]


def command(  # noqa: PLR0913, PLR0917 - the options are the contract
    results: Annotated[list[Path], typer.Argument(help="Two or more result files, or folders that hold exactly one.")],
    metric: Metric = None,
    task: Task = None,
    instruction: InstructionOption = None,
    across: Across = None,
    test: TestOption = Test.PERMUTATION,
    draws: Draws = 10_000,
    seed: Seed = 0,
    alpha: Annotated[float, typer.Option("--alpha", metavar="A", help="Level of the tests, after correction.")] = 0.05,
    moved: Annotated[
        int,
        typer.Option("--moved", metavar="N", parser=whole_number, help="Number of queries to show that moved most."),
    ] = 5,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it, too: .md .tex .html .csv .json.")
    ] = None,
    shared_tasks: SharedTasks = False,
    force: Force = False,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    as_json: Json = False,
) -> None:
    """Compare results over the tasks they share: differences, paired tests, groups of equals.

    \b
    Examples:
      evalharness compare results/sample/bm25 results/sample/tfidf --instruction with
      evalharness compare base.json new.json --metric R@10 --test t --out comparison.html
      evalharness compare results/sample/bm25/with-* results/sample/bm25/without-* --across instruction
    """
    from toolbench_eval.cli.output import print_json
    from toolbench_eval.comparison.interface import compare
    from toolbench_eval.comparison.render import as_values, format_of, write

    if out is not None:
        format_of(out)
    comparison = compare(
        results,
        metric=metric,
        task=task,
        instruction=None if instruction is None else instruction.value,
        across=across,
        test=test.value,
        draws=draws,
        seed=seed,
        alpha=alpha,
        moved=moved,
        shared_tasks=shared_tasks,
        force=force,
        data=data,
        tasks_dir=tasks_dir or (),
    )
    if out is not None:
        write(comparison, out)
    if as_json:
        print_json(as_values(comparison))
    else:
        _print(comparison)


def _print(comparison: Comparison) -> None:
    from toolbench_eval.cli.output import print_table
    from toolbench_eval.comparison.report import report

    shown = report(comparison)
    for text in (shown.title, shown.verdict, shown.method, *shown.warnings):
        typer.echo(text)
    tables = shown.tables if len(comparison.systems) <= MOST_SYSTEMS else shown.tables[:2]
    for table in tables:
        typer.echo(f"\n{table.title}")
        print_table(table.rows[:MOST_PAIRS] if table in shown.tables[1:2] else table.rows)
    if len(comparison.first.pairs) > MOST_PAIRS or len(tables) < len(shown.tables):
        typer.echo("\nsome pairs and tasks are left out here; --out FILE writes all")
    if shown.excerpts:
        typer.echo("\nQueries that moved most (* relevant)")
    for excerpt in shown.excerpts:
        typer.echo("\n    ".join(filter(None, [f"  {excerpt.head}", excerpt.text, *excerpt.rankings])))
