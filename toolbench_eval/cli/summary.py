"""The table that ends a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolbench_eval.cli.output import print_table, width
from toolbench_eval.results.schema import Result

MOST_COLUMNS = 6
"""Columns of scores, where there is room."""

OF_AGENTS = ("EM", "F1", "acc_token", "success", "gold_recall@5", "answer_hit@5", "llm_calls", "tool_calls")
"""What is shown of an agent's result beside its headline, where it is there."""

COLUMN = 9
"""Characters that a column of numbers takes."""


def print_summary(results: list[Result]) -> None:
    """The headline of every result with its interval, then a table of averages and tasks for each suite."""
    for result in results:
        sys.stdout.write(f"{headline(result)}\n")
    for suite in dict.fromkeys(result.suite for result in results):
        of_suite = [result for result in results if result.suite == suite]
        sys.stdout.write("\n")
        print_table(_rows(of_suite))
        home = [line for task in of_suite[0].tasks for line in _home(of_suite, task)]
        sys.stdout.writelines(f"{line}\n" for line in (["", *home] if home else []))


def headline(result: Result) -> str:
    """One line: what came out, of which model, in which setting."""
    line = result.headline
    low, high = line.ci95
    protocol = result.task_setting["protocol"]
    parts = [
        f"{line.metric} {line.value:.4f} [{low:.4f}, {high:.4f}]",
        f"{result.suite} {line.aggregate}",
        result.system,
    ]
    parts += [", ".join([*_settings(result), *([] if protocol == "default" else [f"protocol {protocol}"])])]
    parts = [part for part in parts if part]
    parts += ["PARTIAL"] if result.partial else []
    return " · ".join(parts)


def _settings(result: Result) -> list[str]:
    """What a reader must know of the task setting."""
    setting = result.task_setting
    if result.agent is None:
        return [f"{setting['instruction']} instruction"]
    search = setting.get("retrieval", "own")
    failed = sum(task.failed for task in result.tasks.values())
    shown = [] if search == "own" else [f"{search} retrieval"]
    shown += [_simulated(result)] if "simulator" in setting else []
    return [*shown, *([f"{failed} {'sample' if failed == 1 else 'samples'} failed"] if failed else [])]


def _simulated(result: Result) -> str:
    """How much of what tools said was made up."""
    solved = [task.solved for task in result.tasks.values() if task.solved is not None]
    calls = sum(sum(one.sources.values()) for one in solved)
    return f"{sum(one.sources.get('simulated', 0) for one in solved)} of {calls} tool calls simulated"


def _rows(results: list[Result]) -> list[dict[str, Any]]:
    lines = [_lines(result) for result in results]
    names = max(len(line.name) for line in lines[0].values())
    measures = _shown(results[0])[: _room(names, len(results))]
    rows = []
    for key, first in lines[0].items():
        row: dict[str, Any] = {"": first.name, "queries": first.queries}
        for measure in measures:
            for result, there in zip(results, lines, strict=True):
                column = measure if len(results) == 1 else f"{measure}\n{_short(result)}"
                row[column] = f"{there[key].scores[measure]:.4f}" if key in there else ""
        rows.append(row)
    return rows


@dataclass(frozen=True)
class _Line:
    """A line of the table."""

    name: str
    queries: int | None
    scores: Mapping[str, float]


def _lines(result: Result) -> dict[tuple[str, ...], _Line]:
    """Averages, categories, tasks and below each its groups of splits; the keys are the same in every setting."""
    lines: dict[tuple[str, ...], _Line] = {}
    for name in _averages(result):
        lines["average", name] = _Line(name, None, result.aggregates[name])
    for groups in (groups for name, groups in result.aggregates.items() if name.startswith("by_")):
        lines |= {("group", group): _Line(group, None, scores) for group, scores in groups.items()}
    for task, found in result.tasks.items():
        name = task.removeprefix(f"{result.suite}/")
        lines["task", task] = _Line(f"  {name}", found.queries, found.scores)
        lines |= {("part", task, part): _Line(f"    {part}", None, at) for part, at in found.subtasks.items()}
    return lines


def _home(results: list[Result], task: str) -> Iterator[str]:
    """The measure that a task has at home, in every setting: `mair/Core17  p-MRR +0.034 (20 pairs)`."""
    found = [(result, result.tasks[task].home) for result in results if task in result.tasks]
    units = {unit: int(home[unit] or 0) for _, home in found for unit in ("pairs", "groups") if unit in home}
    for unit, count in units.items():
        for name in dict.fromkeys(name for _, home in found for name in home if name != unit):
            values = ", ".join(
                f"{f'{_short(result)} ' if len(results) > 1 else ''}{_valued(name, home.get(name))}"
                for result, home in found
            )
            shown = f"{values} ({count} {unit if count > 1 else unit[:-1]})" if count else f"not measured (no {unit})"
            yield f"{task}  {name} {shown}"


def _valued(name: str, value: float | None) -> str:
    """A home measure; only p-MRR has a sign."""
    if value is None:
        return "not measured"
    return f"{value:+.3f}" if name == "p-MRR" else f"{value:.3f}"


def _room(names: int, results: int) -> int:
    """How many measures fit beside names of this length, at least one."""
    columns = min(MOST_COLUMNS, (width() - names - COLUMN) // COLUMN)
    return max(1, columns // results)


def _short(result: Result) -> str:
    return {"with": "w/ inst", "without": "w/o inst"}[result.task_setting["instruction"]]


def _averages(result: Result) -> list[str]:
    names = [name for name in result.aggregates if not name.startswith("by_")]
    return sorted(names, key=lambda name: name != result.headline.aggregate)


def _shown(result: Result) -> list[str]:
    """The headline's measure, others at its depth, then the rest."""
    first = result.headline.metric
    _, at, cut = first.partition("@")
    there = list(result.aggregates[result.headline.aggregate])
    near = OF_AGENTS if result.agent is not None else (f"R{at}{cut}", f"C{at}{cut}", f"P{at}{cut}")
    others = [name for name in (*near, *there) if name in there and name != first]
    return [first, *dict.fromkeys(others)]
