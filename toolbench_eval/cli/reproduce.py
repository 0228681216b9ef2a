# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness reproduce`."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolbench_eval.cli.options import DataDir, Device, Json, NarrowInstruction, NarrowTask, Offline, TasksDir

if TYPE_CHECKING:
    from toolbench_eval.cli.output import TerminalReporter
    from toolbench_eval.evaluation.reproduce import Reproduction


def command(  # noqa: PLR0913, PLR0917 - one argument an option
    result: Annotated[Path, typer.Argument(help="Entry of a board, result file, or a folder that holds exactly one.")],
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0.0, help="Difference of a task's score that is none.")
    ] = 0.001,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep the new result here. Default: it is dropped.")
    ] = None,
    task: NarrowTask = None,
    instruction: NarrowInstruction = None,
    data: DataDir = None,
    tasks_dir: TasksDir = None,
    offline: Offline = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Run the setting of a stored result again, and say whether it comes out the same.

    Exit code 0: same, or within the tolerance; 1: different. An agent is run again if its language models are local.

    \b
    Examples:
      evalharness reproduce results/sample/bm25 --instruction with
      evalharness reproduce leaderboards/sample/1/bm25-with-* --tolerance 0.0005
    """
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.data.sources import Access
    from toolbench_eval.evaluation.reproduce import reproduce
    from toolbench_eval.evaluation.request import Request
    from toolbench_eval.registry import Registry
    from toolbench_eval.results.store import find_result
    from toolbench_eval.retrievers.base import Runtime

    path = find_result(result, task=task, instruction=None if instruction is None else instruction.value)
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evalharness-")))
        request = Request(
            tasks=("all",),
            out=folder,
            access=Access(mirror=data, offline=offline),
            runtime=Runtime(device=device, offline=offline),
        )
        # Where the new result is dropped, its path is no news.
        reporter = TerminalReporter() if out is not None else _quiet()
        found = reproduce(path, request, Registry(tuple(tasks_dir or ())), reporter, tolerance)
    if as_json:
        print_json(_as_json(found))
    else:
        _print(found)
    if found.verdict == "different":
        raise typer.Exit(1)


def _quiet() -> TerminalReporter:
    """A reporter that keeps notes to itself."""
    from toolbench_eval.cli.output import TerminalReporter

    reporter = TerminalReporter()
    reporter.note = lambda text: None  # type: ignore[method-assign]
    return reporter


def _print(found: Reproduction) -> None:
    from toolbench_eval.cli.output import print_table

    typer.echo(f"{found.verdict}: {found.stored.system} on {found.stored.suite}, {found.stored.headline.metric}")
    line, again = found.stored.headline, found.again.headline
    typer.echo(f"{line.aggregate}: stored {line.value:.4f}, now {again.value:.4f} ({again.value - line.value:+.4f})")
    for text in found.settings:
        typer.echo(f"differs: {text}")
    print_table(
        [
            {
                "task": task.task,
                "verdict": task.verdict,
                "stored": f"{task.stored:.4f}",
                "now": f"{task.again:.4f}",
                "where": task.where,
            }
            for task in found.tasks
        ]
    )
    typer.echo(f"\nthe command: {found.command}")


def _as_json(found: Reproduction) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "command": found.command,
        "settings": list(found.settings),
        "headline": [found.stored.headline.model_dump(mode="json"), found.again.headline.model_dump(mode="json")],
        "tasks": [vars(task) for task in found.tasks],
    }
