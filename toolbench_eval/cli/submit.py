# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness submit`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from toolbench_eval.cli.options import DataDir, NarrowInstruction, NarrowTask, Offline, TasksDir


class TrainedOn(StrEnum):
    """Choices of `--trained-on`."""

    NONE = "none"
    TRAIN = "train"
    TEST = "test"


def command(  # noqa: PLR0913, PLR0917 - one argument an option
    result: Annotated[Path, typer.Argument(help="Result file, or a folder that holds exactly one.")],
    board: Annotated[
        Path, typer.Option("--board", metavar="DIR", help="The board, or the folder of all boards, or a new one.")
    ],
    contact: Annotated[str | None, typer.Option("--contact", help="Who answers questions about the entry.")] = None,
    licence: Annotated[str | None, typer.Option("--licence", help="Under which the run may be used.")] = None,
    trained_on: Annotated[
        TrainedOn | None, typer.Option("--trained-on", help="What of the suite's data the model was trained on.")
    ] = None,
    submission: Annotated[
        Path | None, typer.Option("--submission", metavar="FILE", help="TOML with these and notes, url, bound.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="NAME", help="Commit the entry on a new branch of the checkout.")
    ] = None,
    task: NarrowTask = None,
    instruction: NarrowInstruction = None,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
) -> None:
    """Add a result to a leaderboard. Every score is computed again first, from the runs or from an agent's trajectories.

    Judgments come from the suite's own data. Exit code 1: the result does not hold; 3: the judgments are not at hand.

    \b
    Examples:
      evalharness submit results/sample/bm25 --instruction with --board leaderboards/sample/1 --contact 'A. Person' --licence Apache-2.0 --trained-on none
      evalharness submit results/sample-mhqa/genground-scripted-bm25 --board leaderboards --submission submission.toml
      evalharness submit results/toolret/mine --instruction with --board leaderboards --submission submission.toml --branch mine
    """  # noqa: E501 - a command is one line
    from toolbench_eval.cli.output import TerminalReporter
    from toolbench_eval.data.sources import Access
    from toolbench_eval.leaderboard.branch import on_branch
    from toolbench_eval.leaderboard.submit import submit
    from toolbench_eval.registry import Registry
    from toolbench_eval.results.store import find_result

    given = {"contact": contact, "licence": licence, "trained_on": None if trained_on is None else trained_on.value}
    statement = _statement(submission, given)
    path = find_result(result, task=task, instruction=None if instruction is None else instruction.value)
    registry, access = Registry(tuple(tasks_dir or ())), Access(mirror=data, offline=offline)

    def write(place: Path) -> Path:
        return submit(path, place, statement, registry, access, TerminalReporter())

    if branch is None:
        typer.echo(f"submitted: {write(board)}")
    else:
        made = on_branch(branch, board, write, lambda entry: f"Submit {entry.name}")
        typer.echo(f"submitted on branch '{branch}': {made}")


def _statement(file: Path | None, given: dict[str, str | None]) -> Any:
    from toolbench_eval.errors import UsageError
    from toolbench_eval.leaderboard.entry import parse_submission
    from toolbench_eval.leaderboard.limits import read_bounded_toml

    stated = {} if file is None else read_bounded_toml(file)
    stated |= {name: value for name, value in given.items() if value is not None}
    for name in given:
        if name not in stated:
            raise UsageError(f"--{name.replace('_', '-')} is missing: give it, or a file with it (--submission)")
    return parse_submission(stated, file or Path("the command line"))
