"""The rows of a board, as tables show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolbench_eval.evaluation.solving.kinds import TASK_OPTIONS
from toolbench_eval.leaderboard.board import REPORTED_FILE, Board
from toolbench_eval.leaderboard.entry import Entry, read_entry
from toolbench_eval.leaderboard.reported import Reported, read_reported
from toolbench_eval.results.schema import Result

MOST_SHOWN = 1e15
"""Counts beyond this are none."""


@dataclass(frozen=True)
class Section:
    """Entries that may be compared: one setting, one headline.

    Attributes:
        title: The setting in words.
        metric: Measure and average that the entries are sorted by.
        groups: Names of the categories.
        rows: Entries, best first.
    """

    title: str
    metric: str
    groups: tuple[str, ...]
    rows: tuple[Entry, ...]


def read_entries(board: Board) -> list[Entry]:
    """All entries of a board.

    Raises:
        DataError: One cannot be read; `evalharness leaderboard verify` lists all faults.
    """
    return [read_entry(folder) for folder in board.entries]


def sections(entries: Iterable[Entry]) -> list[Section]:
    """Entries by setting: without instruction before with, the default protocol before others."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        line = entry.result.headline
        found.setdefault((setting_title(entry.result), f"{line.metric}, {line.aggregate}"), []).append(entry)
    ordered = sorted(found.items(), key=lambda item: (_rank(item[1][0].result), item[0]))
    return [_section(title, metric, members) for (title, metric), members in ordered]


def setting_title(result: Result) -> str:
    """What two results must share to be compared, in words; defaults are not named."""
    setting = result.task_setting
    if result.agent is not None:
        return ", ".join(_chosen(result)) or "default setting"
    words = [f"{setting.get('instruction')} instruction"]
    usual = {"protocol": "default", "k": 100, "ties": "trec", "missing": "zero"}
    usual |= {"instruction_kind": "own", "scope": "pooled"}
    words += [f"{name} {setting[name]}" for name, value in usual.items() if setting.get(name, value) != value]
    return ", ".join(words)


def by_group(result: Result) -> Mapping[str, Mapping[str, float]]:
    """Scores of each category; none where the suite has no categories."""
    return next((scores for name, scores in result.aggregates.items() if name.startswith("by_")), {})


def cells(entry: Entry, groups: Iterable[str]) -> dict[str, str]:
    """One row: headline with interval, categories, and what the submitter states."""
    line, scores = entry.result.headline, by_group(entry.result)
    what = "model" if entry.result.agent is None else "system"
    row = {what: entry.result.system, line.metric: f"{line.value:.4f}"}
    row["95 % interval"] = f"[{line.ci95[0]:.4f}, {line.ci95[1]:.4f}]"
    row |= {group: _shown(scores.get(group, {}).get(line.metric)) for group in groups}
    row |= {name: f"{value:,.1f}" for name, value in cost_of(entry.result).items()}
    return row | {"trained on": entry.submission.trained_on, "entry": entry.name}


def cost_of(result: Result) -> dict[str, float]:
    """Calls of language models and their tokens for a sample, of the headline's average; nothing for retrieval."""
    line = result.aggregates.get(result.headline.aggregate, {})
    counts = [line.get(name) for name in ("llm_calls", "prompt_tokens", "completion_tokens")]
    if result.agent is None or not all(isinstance(count, int | float) and count < MOST_SHOWN for count in counts):
        return {}
    calls, read, written = map(float, counts)  # type: ignore[arg-type]  # none is None
    return {"LLM calls": calls, "tokens": read + written}


def reported_tables(board: Board) -> dict[str, list[dict[str, Any]]]:
    """Reported figures by measure and setting, one row for each system and source; empty if there are none."""
    path = board.folder / REPORTED_FILE
    if not path.exists():
        return {}
    tables: dict[str, list[Reported]] = {}
    for row in read_reported(path):
        if not row.group.startswith("subset:"):
            setting = f"{row.setting} instruction" if row.setting in ("with", "without") else row.setting
            tables.setdefault(f"{row.measure}, {setting}", []).append(row)
    return {title: _pivot(rows) for title, rows in tables.items()}


def _pivot(rows: list[Reported]) -> list[dict[str, Any]]:
    groups = list(dict.fromkeys(row.group for row in rows))
    found: dict[tuple[str, str], dict[str, Any]] = {}
    flags: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        key = (row.system, row.source)
        line = found.setdefault(key, {"system": row.system, **dict.fromkeys(groups, ""), "source": row.source})
        line[row.group] = f"{row.value:g}"
        flags.setdefault(key, {}).update({row.flag: None} if row.flag else {})
    return [{**line, "flag": "; ".join(flags[key])} for key, line in found.items()]


def _section(title: str, metric: str, members: list[Entry]) -> Section:
    ordered = sorted(members, key=lambda entry: (entry.submission.bound, -entry.result.headline.value, entry.name))
    groups = tuple(dict.fromkeys(group for entry in ordered for group in by_group(entry.result)))
    return Section(title, metric, groups, tuple(ordered))


def _chosen(result: Result) -> Iterator[str]:
    """What an agent's setting has beside defaults, in words; the seed decides what is drawn, not what is asked."""
    usual = {"protocol": "default", "limit": None, "seed": result.task_setting.get("seed")}
    usual |= {name: choices[0] for name, choices in TASK_OPTIONS.get(result.kind, {}).items()}
    for name, value in result.task_setting.items():
        if value != usual.get(name):
            yield f"{name} {value.get('name', '') if isinstance(value, dict) else value}".strip()[:80]


def _rank(result: Result) -> tuple[bool, bool]:
    setting = result.task_setting
    return setting.get("protocol") != "default", setting.get("instruction") != "without"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
