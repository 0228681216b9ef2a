"""What the page of an entry says: scores, provenance, and how to reproduce it. Plain values; all text is untrusted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from toolbench_eval.leaderboard.table import by_group, cost_of
from toolbench_eval.results.schema import TaskResult
from toolbench_eval.site.data import BoardView, Row, setting_words, short_task

LONGEST = 300
"""Characters of a recorded value that are shown."""


@dataclass(frozen=True)
class Scored:
    """A line of a table of scores.

    Attributes:
        name: A task, a category or an average.
        category: The task's category; empty for others.
        queries: Number of queries; None for categories and averages.
        failed: Queries without a ranking.
        scores: One value for each measure of the table; None where there is none.
        digest: Beginning of the digest of the run; empty for categories and averages.
    """

    name: str
    category: str
    queries: int | None
    failed: int
    scores: tuple[float | None, ...]
    digest: str


def entry_values(shown: BoardView, row: Row) -> dict[str, Any]:
    """Values of the template `entry.html`."""
    result, spec = row.result, shown.board.spec
    headline = result.headline
    names = dict.fromkeys(name for task in result.tasks.values() for name in task.scores)
    measures = [headline.metric, *(name for name in names if name != headline.metric)]
    place = shlex.quote(f"leaderboards/{spec.suite}/{spec.version}/{row.entry.name}")
    return {
        "row": row,
        "result": result,
        "headline": headline,
        "setting": setting_words(result),
        "group": row.groups.get(headline.aggregate),
        "siblings": list(_siblings(shown, row)),
        "measures": measures,
        "averages": list(_averages(row, measures)),
        "tasks": [_task(name, task, measures) for name, task in result.tasks.items()],
        "home": {short_task(name): task.home for name, task in result.tasks.items() if task.home},
        "reproduce": f"evalharness reproduce {place}",
        "verify": f"evalharness leaderboard verify leaderboards/{spec.suite}/{spec.version}",
        "cards": [dict(_card(card)) for card in row.entry.cards.values()],
        "link": safe_link(row.entry.submission.url),
        "provenance": list(_provenance(row)),
        "task_setting": list(flat(result.task_setting)),
        "model_setting": list(flat(result.model_setting)),
        "environment": list(flat(result.execution.environment)),
    }


def safe_link(text: Any) -> str:
    """A web address as it is; empty for everything else, scripts included."""
    if not isinstance(text, str) or not text.isprintable():
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def flat(values: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as names and texts, in order."""
    if isinstance(values, Mapping) and values:
        for key, value in values.items():
            yield from flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(values, list) and any(isinstance(value, dict | list) for value in values):
        for number, value in enumerate(values, start=1):
            yield from flat(value, f"{name}.{number}")
    elif isinstance(values, list):
        yield name, _text(" ".join(map(str, values)))
    else:
        yield name, _text(values)


def _siblings(shown: BoardView, row: Row) -> Iterator[Row]:
    """Entries of the same system on this board."""
    for other in shown.rows:
        if other is not row and other.result.system == row.result.system:
            yield other


def _averages(row: Row, measures: list[str]) -> Iterator[Scored]:
    aggregates = row.result.aggregates
    lines = {name: scores for name, scores in aggregates.items() if not name.startswith("by_")}
    for name, scores in {**lines, **by_group(row.result)}.items():
        values = tuple(_number(scores.get(measure)) for measure in measures)
        yield Scored(name, "", None, 0, values, "")


def _task(name: str, task: TaskResult, measures: list[str]) -> Scored:
    values = tuple(task.scores.get(measure) for measure in measures)
    return Scored(short_task(name), task.category or "", task.queries, task.failed, values, task.run_digest[:12])


def _card(card: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("name", "title", "family", "hub", "revision", "licence", "parameters", "homepage"):
        if card.get(name) not in (None, ""):
            value = card[name]
            yield name, f"{value:,}" if isinstance(value, int) else _text(value)


def _provenance(row: Row) -> Iterator[tuple[str, str]]:
    result, submission = row.result, row.entry.submission
    execution = result.execution
    yield "Identity", result.identity
    if result.agent is not None:
        yield "Agent", result.agent
        yield "Language model", str(result.llm)
    if result.agent is None or result.model != "none":
        yield "Model" if result.agent is None else "Retriever", result.model
        yield "Model revision", result.model_revision or "not pinned"
    yield "Suite", f"{result.suite}, version {result.suite_version}"
    yield "Contact", submission.contact
    yield "Licence of the run", submission.licence
    yield (
        "Trained on",
        {"none": "none of the suite's data"}.get(submission.trained_on, f"the suite's {submission.trained_on} data"),
    )
    if submission.notes:
        yield "Notes", submission.notes
    yield "Evaluated", execution.created or "not recorded"
    if result.agent is None:
        yield "Queries per second", f"{execution.queries_per_second:,.1f}"
        yield "Index", f"{execution.index_bytes:,} bytes"
    else:
        yield "A sample", ", ".join(f"{value:,.1f} {name}" for name, value in cost_of(result).items())
        recorded = ", ".join(f"{name} {value:,.4g}" for name, value in execution.cost.items())
        yield "Calls of the run", recorded or "not recorded"
    yield "Seconds", ", ".join(f"{name} {seconds:,.1f}" for name, seconds in execution.timing.items()) or "not recorded"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _text(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
