"""What the pages show of a board, as plain values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolbench_eval.leaderboard.board import Board
from toolbench_eval.leaderboard.entry import Entry
from toolbench_eval.leaderboard.table import by_group, cost_of, read_entries, sections, setting_title
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import distinct_slug
from toolbench_eval.site.reported import Table, reported_tables
from toolbench_eval.site.tested import Group, groups_of

MEASURES = 32
"""Measures that the ranking offers; the page of an entry has all."""


@dataclass(frozen=True)
class Row:
    """An entry as the pages show it.

    Attributes:
        entry: The entry.
        page: File name of its page.
        families: Families of its models, in the order of the pipeline; for agents the agent.
        parameters: Of all its models; None where a card does not say.
        groups: What the tests say of it, by average or category.
    """

    entry: Entry
    page: str
    families: tuple[str, ...]
    parameters: int | None
    groups: Mapping[str, Group]

    @property
    def result(self) -> Result:
        """Its result."""
        return self.entry.result

    @property
    def instruction(self) -> str:
        """`with` or `without`; empty for agents, which have no such setting."""
        return "" if self.result.agent is not None else str(self.result.task_setting.get("instruction"))

    @property
    def asked(self) -> str:
        """What its tags and links say of the setting first."""
        return f"{self.instruction} instruction" if self.instruction else setting_title(self.result)


@dataclass(frozen=True)
class BoardView:
    """A board as the pages show it.

    Attributes:
        board: The board.
        rows: Its entries: by setting, best first, bounds last.
        tests: How the systems of each setting were tested.
        reported: Reported figures.
    """

    board: Board
    rows: tuple[Row, ...]
    tests: Mapping[str, str]
    reported: tuple[Table, ...]

    @property
    def place(self) -> str:
        """Folder of its pages below the site."""
        return f"boards/{self.board.spec.suite}/{self.board.spec.version}"


def view(board: Board) -> BoardView:
    """Read a board and test its systems.

    Raises:
        DataError: A file of it cannot be read; `evalharness leaderboard verify` lists all faults.
    """
    rows: list[Row] = []
    tests: dict[str, str] = {}
    for section in sections(read_entries(board)):
        tested = groups_of([entry for entry in section.rows if not entry.submission.bound])
        tests[section.title] = tested.note
        rows += [_row(entry, tested.groups.get(entry.name, {})) for entry in section.rows]
    return BoardView(board, tuple(rows), tests, tuple(reported_tables(board)))


def ranking_data(shown: BoardView) -> dict[str, Any]:
    """What the script of a board's pages reads: entries with their averages, nothing of single tasks."""
    results = [row.result for row in shown.rows]
    lines = _lines(results)
    measures = _measures(results)
    systems: dict[str, int] = {}
    return {
        "metric": results[0].headline.metric if results else "",
        "lines": [{"name": name, "kind": kind} for name, kind in lines.items()],
        "measures": measures,
        "tests": dict(shown.tests),
        "entries": [_entry(row, list(lines), measures, systems) for row in shown.rows],
    }


def task_data(shown: BoardView) -> dict[str, Any]:
    """Scores of each entry in each task, in the order of `ranking_data`; the measure is that of the headline."""
    results = [row.result for row in shown.rows]
    tasks = list(dict.fromkeys(name for result in results for name in result.tasks))
    about = {name: task for result in reversed(results) for name, task in result.tasks.items()}
    tasks.sort(key=lambda name: about[name].category or "")
    return {
        "tasks": [
            {"name": short_task(name), "category": about[name].category or "", "queries": about[name].queries}
            for name in tasks
        ],
        "scores": [[_rounded(_task_score(result, name)) for name in tasks] for result in results],
    }


def short_task(name: str) -> str:
    """A task without the suite in front."""
    return name.partition("/")[2] or name


def setting_words(result: Result) -> str:
    """The setting but for the instruction, in words."""
    if result.agent is not None:
        return setting_title(result).removesuffix(" setting")
    return setting_title(result).partition(", ")[2] or "default"


def _entry(row: Row, lines: Sequence[str], measures: Sequence[str], systems: dict[str, int]) -> dict[str, Any]:
    result, execution = row.result, row.result.execution
    line, cost = result.headline, cost_of(result)
    return {
        "name": result.system,
        "page": f"entries/{row.page}",
        "system": systems.setdefault(_system(row), len(systems)),
        "section": setting_title(result),
        "setting": setting_words(result),
        "instruction": row.instruction,
        "families": list(row.families),
        "bound": row.entry.submission.bound,
        "trained": row.entry.submission.trained_on,
        "ci": [_rounded(end) for end in line.ci95],
        "values": [[_rounded(_value(result, name, measure)) for name in lines] for measure in measures],
        "groups": {name: [one.letters, one.best, one.worst] for name, one in row.groups.items()},
        "speed": execution.queries_per_second or None,
        "bytes": execution.index_bytes or None,
        "parameters": row.parameters,
        "calls": cost.get("LLM calls"),
        "tokens": cost.get("tokens"),
        "machine": str(execution.environment.get("processor") or "")[:80],
    }


def _row(entry: Entry, groups: Mapping[str, Group]) -> Row:
    cards = [entry.cards[digest] for digest in _digests(entry.result.model_setting) if digest in entry.cards]
    families = tuple(dict.fromkeys(str(card.get("family", ""))[:60] for card in cards)) or ("unknown",)
    if entry.result.agent is not None:
        families = (entry.result.agent,)
    sizes = [card.get("parameters") for card in cards]
    known = bool(sizes) and all(isinstance(size, int) and size > 0 for size in sizes)
    parameters = sum(size for size in sizes if isinstance(size, int)) if known else None
    return Row(entry, f"{distinct_slug(entry.name)}.html", families, parameters, groups)


def _digests(setting: Any) -> Iterator[str]:
    """Digests of the cards that a model setting names, first stage first."""
    if isinstance(setting, dict):
        if isinstance(setting.get("card"), str):
            yield setting["card"]
        setting = list(setting.values())
    if isinstance(setting, list):
        for part in setting:
            yield from _digests(part)


def _system(row: Row) -> str:
    """The same for entries that differ in nothing but the instruction."""
    result = row.result
    parts = [result.system, result.model_revision, result.model_setting, setting_words(result)]
    return json.dumps([*parts, row.entry.submission.bound], sort_keys=True, default=str)


def _lines(results: Sequence[Result]) -> dict[str, str]:
    """Names of averages and categories, and which of the two; the headline first."""
    if not results:
        return {}
    averages = [name for name in results[0].aggregates if not name.startswith("by_")]
    averages.sort(key=lambda name: name != results[0].headline.aggregate)
    groups = dict.fromkeys(group for result in results for group in by_group(result))
    return {**dict.fromkeys(averages, "average"), **dict.fromkeys(groups, "category")}


def _measures(results: Sequence[Result]) -> list[str]:
    """Measures that all entries have, the headline's first."""
    if not results:
        return []
    headline = results[0].headline.metric
    names = [next(iter(result.tasks.values())).scores.keys() if result.tasks else {} for result in results]
    shared = [name for name in names[0] if name != headline and all(name in other for other in names)]
    return [headline, *shared][:MEASURES]


def _value(result: Result, line: str, measure: str) -> Any:
    scores = result.aggregates.get(line, by_group(result).get(line, {}))
    return scores.get(measure) if isinstance(scores, dict) else None


def _task_score(result: Result, task: str) -> float | None:
    return result.tasks[task].scores.get(result.headline.metric) if task in result.tasks else None


def _rounded(value: Any) -> float | None:
    """Four decimals; None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(float(value), 4)
