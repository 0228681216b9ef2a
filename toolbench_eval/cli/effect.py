"""`evalharness instruction-effect`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolbench_eval.cli.options import Json

if TYPE_CHECKING:
    from toolbench_eval.results.instruction_effect import InstructionEffect, TaskEffect


def command(
    results: Annotated[
        list[Path], typer.Argument(help="Result without and result with instructions, or a folder with one of each.")
    ],
    metric: Annotated[str | None, typer.Option("--metric", help="Measure. Default: the headline's.")] = None,
    as_json: Json = False,
) -> None:
    """What instructions do for a model: difference per task with interval, number of tasks improved.

    Example:
      evalharness instruction-effect results/mair/bm25
    """
    from toolbench_eval.cli.output import print_json, print_table
    from toolbench_eval.errors import UsageError
    from toolbench_eval.registry import Registry
    from toolbench_eval.results.instruction_effect import find_pair, instruction_effect, published
    from toolbench_eval.results.store import find_result

    if len(results) > 2:
        raise UsageError("name two results, or one folder")
    pair = find_pair(results[0]) if len(results) == 1 else (find_result(results[0]), find_result(results[1]))
    effect = instruction_effect(*pair, measure=metric)
    suites = Registry().suite_files
    reported = published(effect, suites[effect.suite].parent) if effect.suite in suites else None
    if as_json:
        counts = {"improved": effect.improved, "not_improved": effect.not_improved, "published": reported}
        print_json({**asdict(effect), **counts})
        return
    typer.echo(_headline(effect))
    if reported is not None:
        typer.echo(f"the paper of {effect.suite} counts {reported} tasks improved for this model")
    print_table(_rows(effect))


def _headline(effect: InstructionEffect) -> str:
    kind, without, with_ = effect.aggregate
    change = f"{effect.measure} {kind} {without:.4f} -> {with_:.4f} ({with_ - without:+.4f})"
    return f"{effect.model}: {change}; improved on {effect.improved} of {len(effect.tasks)} tasks"


def _rows(effect: InstructionEffect) -> list[dict[str, Any]]:
    rows = []
    for task in sorted(effect.tasks, key=lambda task: -task.delta):
        rows.append(_row(task, task.task))
        rows += [_row(part, f"  {part.task}") for part in task.subtasks]
    return rows


def _row(task: TaskEffect, name: str) -> dict[str, Any]:
    return {
        "task": name,
        "queries": task.queries,
        "without": f"{task.without:.4f}",
        "with": f"{task.with_:.4f}",
        "delta": f"{task.delta:+.4f}",
        "95 % interval": f"[{task.ci95[0]:+.4f}, {task.ci95[1]:+.4f}]",
        "": "*" if task.significant else "",
    }
