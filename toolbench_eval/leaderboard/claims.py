"""What a result says about itself, beside its scores: complete, of this suite, in a setting that exists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from toolbench_eval.errors import EvalHarnessError
from toolbench_eval.leaderboard.agent_claims import (
    check_agent_declared,
    check_agent_measures,
    check_agent_models,
    check_agent_setting,
)
from toolbench_eval.leaderboard.board import Board, Pin
from toolbench_eval.leaderboard.entry import Entry, entry_name, misnamed_files
from toolbench_eval.leaderboard.findings import Finding, fault
from toolbench_eval.leaderboard.limits import DEPTH, MEASURES, is_whole
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.results.schema import Result
from toolbench_eval.suites import Suite
from toolbench_eval.switches import TaskSwitches

_SETTINGS = {"instruction", "protocol", "k", "limit", "seed", *TaskSwitches.model_fields}


def check_claims(entry: Entry, board: Board, pins: Mapping[str, Pin]) -> Iterator[Finding]:
    """Everything that needs no data and no run."""
    result = entry.result
    if entry.name != entry_name(result):
        yield fault(entry.name, "name", f"must be '{entry_name(result)}', after the content")
    if result.suite != board.spec.suite:
        yield fault(entry.name, "suite", f"says '{result.suite}'; the board is of '{board.spec.suite}'")
    if result.suite_version != board.spec.version:
        yield fault(entry.name, "suite_version", f"says {result.suite_version}; the board is of {board.spec.version}")
    yield from _check_tasks(entry, pins)
    yield from _check_kind(entry.name, result)
    yield from _check_how(entry.name, result)
    yield from _check_cards(entry)


def check_declared(entry: Entry, suite: Suite) -> Iterator[Finding]:
    """What the suite's declaration decides: kind, tasks, categories, counts, measures, headline."""
    result = entry.result
    if result.kind != suite.spec.kind:
        yield fault(entry.name, "kind", f"says '{result.kind}'; the suite's is '{suite.spec.kind}'")
        return
    rows = {f"{suite.name}/{row.task}": row for row in suite.rows}
    for task in sorted(result.tasks.keys() - rows):
        yield fault(entry.name, f"tasks.{task}", f"no task of '{suite.name}'")
    for task in [task for task in rows if task not in result.tasks]:
        yield fault(entry.name, f"tasks.{task}", "is missing: a board takes results of the whole suite")
    for task, values in result.tasks.items():
        row = rows.get(task)
        if row is None:
            continue
        if values.category != row.category:
            said = f"says '{values.category}'; the suite says '{row.category}'"
            yield fault(entry.name, f"tasks.{task}.category", said)
        count = result.counts.get(task)
        if row.queries is not None and (count is None or count.expected != row.queries):
            yield fault(entry.name, f"counts.{task}", f"must be {row.queries}, as the suite's table says")
    if suite.spec.kind != "retrieval":
        yield from check_agent_declared(entry.name, result, suite.spec)
        return
    measures = {str(parse_measure(name)) for name in suite.spec.metrics}
    if lacking := sorted(measures - set(_measures(result))):
        yield fault(entry.name, "tasks", f"lacks measures of the suite: {', '.join(lacking)}")
    headline = str(parse_measure(suite.spec.headline.metric))
    if result.headline.metric != headline:
        yield fault(entry.name, "headline.metric", f"says '{result.headline.metric}'; the suite's is '{headline}'")


def settings_hold(result: Result) -> bool:
    """Whether kind, setting and measures are such that the runs can be scored."""
    return not [*_check_kind("", result), *_check_how("", result)]


def _check_kind(entry: str, result: Result) -> Iterator[Finding]:
    solves = result.kind != "retrieval"
    if (result.agent is not None) != solves:
        yield fault(entry, "agent", f"says {result.agent!r:.60}; the result is one of the kind '{result.kind}'")
    for task, values in result.tasks.items():
        if (values.solved is not None) != solves:
            said = "is missing" if solves else f"does not belong to a result of the kind '{result.kind}'"
            yield fault(entry, f"tasks.{task}.solved", said)


def _check_how(entry: str, result: Result) -> Iterator[Finding]:
    """Setting and measures, of retrieval or of an agent."""
    if result.kind == "retrieval":
        yield from _check_setting(entry, result.task_setting)
        yield from _check_measures(entry, result)
    else:
        yield from check_agent_setting(entry, result)
        yield from check_agent_models(entry, result)
        yield from check_agent_measures(entry, result)


def _check_tasks(entry: Entry, pins: Mapping[str, Pin]) -> Iterator[Finding]:
    result = entry.result
    if result.partial:
        yield fault(entry.name, "partial", "a board takes no partial results")
    for task in result.missing:
        yield fault(entry.name, "missing", f"'{task}' was not evaluated")
    for name, count in result.counts.items():
        if count.expected != count.found:
            yield fault(entry.name, f"counts.{name}", f"{count.found} of {count.expected}: the result is partial")
    for task, values in result.tasks.items():
        pin = pins.get(task)
        if pin is None:
            yield fault(entry.name, f"tasks.{task}", "the board pins no data of such a task")
            continue
        fingerprints = {"queries_fingerprint": pin.queries, "qrels_fingerprint": pin.qrels}
        if values.solved is not None:  # one record holds question and gold; whether there is a ranking is a setting
            del fingerprints["qrels_fingerprint"]
        for field, pinned in fingerprints.items():
            if getattr(values, field) != pinned:
                yield fault(entry.name, f"tasks.{task}.{field}", "is not that of the board's data")
        for field, said, name in misnamed_files(result, task, values):
            yield fault(entry.name, f"tasks.{task}.{field}", f"says '{said}'; must be '{name}'")
    for task in sorted(pins.keys() - result.tasks.keys()):
        yield fault(entry.name, f"tasks.{task}", "is missing: a board takes results of the whole suite")


def _check_setting(entry: str, setting: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted(setting.keys() ^ _SETTINGS):
        yield fault(entry, f"task_setting.{name}", "no such setting" if name in setting else "is missing")
    depth, seed = setting.get("k"), setting.get("seed")
    if not is_whole(depth, 1, DEPTH):
        yield fault(entry, "task_setting.k", f"says {depth!r:.40}; a board takes runs of 1 to {DEPTH} documents")
    if not is_whole(seed, 0, 2**63 - 1):
        yield fault(entry, "task_setting.seed", f"says {seed!r:.40}; must be a whole number")
    if setting.get("limit") is not None:
        yield fault(entry, "task_setting.limit", "a board takes no partial results")
    for name, known in (("instruction", ("with", "without")), ("protocol", ("default", "paper", "released"))):
        if setting.get(name) not in known:
            yield fault(entry, f"task_setting.{name}", f"says {setting.get(name)!r:.40}; one of {', '.join(known)}")
    try:
        TaskSwitches.model_validate({name: setting[name] for name in TaskSwitches.model_fields if name in setting})
    except ValidationError as error:
        for one in error.errors():
            yield fault(entry, f"task_setting.{one['loc'][0]}", one["msg"])


def _check_measures(entry: str, result: Result) -> Iterator[Finding]:
    measures = _measures(result)
    if not 0 < len(measures) <= MEASURES:
        yield fault(entry, "tasks", f"has {len(measures)} measures; 1 to {MEASURES} are taken")
    for task, values in result.tasks.items():
        if list(values.scores) != measures:
            yield fault(entry, f"tasks.{task}.scores", "has other measures than the first task")
    for name in measures:
        try:
            canonical = str(parse_measure(name))
        except EvalHarnessError as error:
            yield fault(entry, "tasks", f"unknown measure: {error}")
        else:
            if canonical != name:
                yield fault(entry, "tasks", f"the measure '{name}' is written '{canonical}'")


def _check_cards(entry: Entry) -> Iterator[Finding]:
    wanted = set(card_digests(entry.result.model_setting))
    for digest in sorted(wanted ^ entry.cards.keys()):
        said = "the model setting names no such card" if digest in entry.cards else "the card is missing"
        yield fault(entry.name, f"cards.json, {digest[:12]}", said)
    for digest, card in entry.cards.items():
        if card_digest(card) != digest:
            yield fault(entry.name, f"cards.json, {digest[:12]}", "the card has another digest")


def card_digests(setting: Any) -> Iterator[str]:
    """Digests of all cards that a model setting names: one for each stage of a pipeline."""
    stack = [setting]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if isinstance(part.get("card"), str):
                yield part["card"]
            stack += part.values()
        elif isinstance(part, list):
            stack += part


def card_digest(card: Mapping[str, Any]) -> str:
    """SHA-256 of a card as it was written down (see `toolbench_eval.cards.ModelCard.digest`)."""
    return hashlib.sha256(json.dumps(card, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _measures(result: Result) -> list[str]:
    return list(next(iter(result.tasks.values())).scores) if result.tasks else []
