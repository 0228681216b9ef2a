# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness trajectories lessons`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolbench_eval.cli.options import (
    Concurrency,
    Device,
    Dtype,
    Json,
    NarrowTask,
    Offline,
    Seed,
    TasksDir,
    at_least,
)


def command(  # noqa: PLR0913, PLR0917 - the options are the contract
    result: Annotated[
        Path, typer.Argument(help="Result of a run of rea360 on training tasks, or a folder that holds exactly one.")
    ],
    llm: Annotated[
        list[str],
        typer.Option("--llm", "-l", metavar="L", help="Who writes the lessons; leader=L, crew=L for one role."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The pool, a JSON file; what is in it stays, and is added to.")
    ],
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="NAME", help="Name of the set of training tasks. Default: tasks and digest."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", parser=at_least(1), help="The first N samples only.")
    ] = None,
    task: NarrowTask = None,
    seed: Seed = 0,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    concurrency: Concurrency = 16,
    device: Device = "auto",
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Write what 360°REA's crews learn from a run into a pool of experience, for runs on other tasks.

    Leader and members are shown what they did and how it was scored, never the gold answer. A run that uses the pool
    (--set pool=FILE) refuses it where it holds experience with a task that is to be solved.

    \b
    Examples:
      evalharness run --task rea360/trivia-5 --source train.jsonl --agent rea360 --llm openai/gpt-4o-mini --out train
      evalharness trajectories lessons train --llm openai/gpt-4o-mini --out pool.json
      evalharness run --task rea360/trivia-5 --source test.jsonl --agent rea360 --llm openai/gpt-4o-mini \\
        --set pool=pool.json
    """
    from toolbench_eval.cli.agent_run import read_roles
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.registry import Registry
    from toolbench_eval.results.store import find_result
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.training.lessons import LessonRequest, make_pool

    runtime = Runtime(
        device=device,
        dtype=None if dtype is None else dtype.value,
        offline=offline,
        seed=seed,
        concurrency=concurrency,
    )
    request = LessonRequest(find_result(result, task=task), read_roles(llm), out, split, limit, runtime)
    made = make_pool(request, Registry(tuple(tasks_dir or ())), TerminalReporter())
    if as_json:
        print_json(made)
        return
    others = f"{made['there']} were there, {made['left_out']} have no crew"
    typer.echo(f"{made['written']} samples gave lessons, {others}; the pool '{made['split']}' has {made['entries']}")
