"""The table that ends a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from toolbench_eval.cli.output import print_table
from toolbench_eval.results.schema import Result

SHOWN_COLUMNS = 6


def print_summary(results: list[Result], folders: list[Path] | None = None) -> None:
    """Headline of every result with its interval, then a table of categories and tasks."""
    for at, result in enumerate(results):
        sys.stdout.write(f"{headline(result)}\n")
        if folders is not None:
            sys.stdout.write(f"  {folders[at]}\n")
    sys.stdout.write("\n")
    for suite in dict.fromkeys(result.suite for result in results):
        of_suite = [result for result in results if result.suite == suite]
        print_table(_rows(of_suite))


def headline(result: Result) -> str:
    """One line: what was evaluated and what came out."""
    line = result.headline
    low, high = line.ci95
    setting = f"{result.task_setting['instruction']} instruction, protocol {result.task_setting['protocol']}"
    marks = " · PARTIAL" if result.partial else ""
    value = f"{line.metric} {line.value:.4f} [{low:.4f}, {high:.4f}]"
    return f"{result.suite} · {result.model} · {setting} · {value} {line.aggregate}{marks}"


def _rows(results: list[Result]) -> list[dict[str, Any]]:
    measures = _shown(results[0])[: SHOWN_COLUMNS // len(results)]
    rows = [
        _row(name, "", results, measures, lambda r, m, a=name: r.aggregates[a][m]) for name in _averages(results[0])
    ]
    for by in (name for name in results[0].aggregates if name.startswith("by_")):
        for group in results[0].aggregates[by]:
            rows.append(_row(group, "", results, measures, lambda r, m, b=by, g=group: r.aggregates[b][g][m]))
    for task, found in results[0].tasks.items():
        rows.append(_row(f"  {task}", found.queries, results, measures, lambda r, m, t=task: r.tasks[t].scores[m]))
    return rows


def _row(name: str, queries: Any, results: list[Result], measures: list[str], value: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"": name, "queries": queries}
    for measure in measures:
        for result in results:
            column = measure if len(results) == 1 else f"{measure}\n{_short(result)}"
            row[column] = f"{value(result, measure):.4f}"
    return row


def _short(result: Result) -> str:
    return {"with": "w/ inst", "without": "w/o inst"}[result.task_setting["instruction"]]


def _averages(result: Result) -> list[str]:
    names = [name for name in result.aggregates if not name.startswith("by_")]
    return sorted(names, key=lambda name: name != result.headline.aggregate)


def _shown(result: Result) -> list[str]:
    """The headline's measure, and others at its depth, as many as a terminal holds."""
    first = result.headline.metric
    _, at, cut = first.partition("@")
    there = list(next(iter(result.tasks.values())).scores)
    others = [name for name in (f"R{at}{cut}", f"C{at}{cut}", f"P{at}{cut}", *there) if name in there and name != first]
    return [first, *dict.fromkeys(others)]
