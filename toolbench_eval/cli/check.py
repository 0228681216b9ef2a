# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness check`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolbench_eval.cli.compare import (
    Across,
    Draws,
    Force,
    InstructionOption,
    Metric,
    Seed,
    SharedTasks,
    Task,
    Test,
    TestOption,
)
from toolbench_eval.cli.options import Json, whole_number

if TYPE_CHECKING:
    from toolbench_eval.comparison.check import Checked


def command(  # noqa: PLR0913, PLR0917 - the options are the contract
    candidate: Annotated[
        Path, typer.Option("--candidate", metavar="RESULT", help="The result in question, or a folder with one.")
    ],
    baseline: Annotated[
        Path, typer.Option("--baseline", metavar="RESULT", help="What it is held against, or a folder with one.")
    ],
    metric: Metric = None,
    max_drop: Annotated[
        float | None,
        typer.Option("--max-drop", metavar="X", help="Fail on a significant drop of more than X. Default: 0."),
    ] = None,
    non_inferiority: Annotated[
        float | None,
        typer.Option("--non-inferiority", metavar="X", help="Fail unless the interval excludes a drop of X."),
    ] = None,
    alpha: Annotated[float, typer.Option("--alpha", metavar="A", help="One-sided level of the test.")] = 0.05,
    per_task: Annotated[
        bool, typer.Option("--per-task", help="Gate every task, too; Holm's correction over all.")
    ] = False,
    max_latency_ratio: Annotated[
        float | None,
        typer.Option("--max-latency-ratio", metavar="R", help="Most the time of a query may grow by, as a factor."),
    ] = None,
    latency_floor: Annotated[
        float, typer.Option("--latency-floor", metavar="MS", help="Milliseconds a query that never fail.")
    ] = 1.0,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", metavar="USD", help="Most the candidate's run may have cost.")
    ] = None,
    max_index_bytes: Annotated[
        int | None,
        typer.Option("--max-index-bytes", metavar="N", parser=whole_number, help="Most bytes of its index."),
    ] = None,
    task: Task = None,
    instruction: InstructionOption = None,
    across: Across = None,
    test: TestOption = Test.PERMUTATION,
    draws: Draws = 10_000,
    seed: Seed = 0,
    shared_tasks: SharedTasks = False,
    force: Force = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    summary: Annotated[
        Path | None, typer.Option("--summary", metavar="FILE", help="Write Markdown; appended to $GITHUB_STEP_SUMMARY.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Gate a candidate against a baseline: exit 1 if it is worse and that is no noise.

    Fails when the drop is significant (one-sided) and its estimate exceeds --max-drop; with --non-inferiority X,
    fails unless the interval excludes a drop of X. Under GitHub Actions it annotates the job.

    \b
    Examples:
      evalharness check --candidate new/result.json --baseline base/result.json
      evalharness check --candidate new/ --baseline base/ --instruction with --per-task --max-drop 0.01
      evalharness check --candidate new/ --baseline base/ --non-inferiority 0.02 --junit junit.xml
    """
    from toolbench_eval.comparison import ci
    from toolbench_eval.comparison.interface import check
    from toolbench_eval.errors import GateError

    checked = check(
        candidate,
        baseline,
        metric=metric,
        max_drop=max_drop,
        non_inferiority=non_inferiority,
        alpha=alpha,
        per_task=per_task,
        max_latency_ratio=max_latency_ratio,
        latency_floor=latency_floor,
        max_cost=max_cost,
        max_index_bytes=max_index_bytes,
        task=task,
        instruction=None if instruction is None else instruction.value,
        across=across,
        test=test.value,
        draws=draws,
        seed=seed,
        shared_tasks=shared_tasks,
        force=force,
    )
    if junit is not None:
        ci.write_junit(checked, junit)
    if summary is not None:
        ci.write_summary(checked, summary)
    _show(checked, as_json)
    if checked.stopped:
        raise GateError(checked.summary)


def _show(checked: Checked, as_json: bool) -> None:
    from toolbench_eval.cli.output import print_json, print_table
    from toolbench_eval.comparison import ci

    if os.environ.get("GITHUB_ACTIONS") == "true":
        sys.stderr.writelines(f"{line}\n" for line in ci.workflow_commands(checked))
    if as_json:
        print_json(ci.as_values(checked))
        return
    typer.echo(f"{checked.verdict.value}: {checked.candidate} against {checked.baseline} on {checked.suite}")
    for text in (checked.method, *ci.warnings(checked)):
        typer.echo(text)
    typer.echo("")
    print_table(ci.rows(checked))
