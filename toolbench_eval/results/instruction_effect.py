"""What instructions do for a model: the same model with and without them, task by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.ids import positions_of
from toolbench_eval.declarations import read_rows
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.results.aggregate import subtask_rows
from toolbench_eval.results.schema import Result
from toolbench_eval.results.sidecars import read_per_query
from toolbench_eval.results.store import RESULT_FILE, read_result

Floats = npt.NDArray[np.float64]

SAMPLES = 2000

NAMED = 5
"""Differences that a message names."""

SHOWN = 60
"""Characters of a value that a message shows."""


@dataclass(frozen=True)
class TaskEffect:
    """The effect on one task.

    Attributes:
        task: Name of the task, or of a group of its splits.
        queries: Number of queries.
        without: Mean score without instructions.
        with_: Mean score with instructions.
        ci95: 95 % interval of the difference: percentile bootstrap over paired queries.
        subtasks: The effect on groups of splits, for a task with several.
    """

    task: str
    queries: int
    without: float
    with_: float
    ci95: tuple[float, float]
    subtasks: tuple[TaskEffect, ...] = ()

    @property
    def delta(self) -> float:
        """Gain from the instruction."""
        return self.with_ - self.without

    @property
    def significant(self) -> bool:
        """Whether the interval excludes no effect."""
        return self.ci95[0] > 0 or self.ci95[1] < 0


@dataclass(frozen=True)
class InstructionEffect:
    """The effect over a suite.

    Attributes:
        measure: What was measured.
        suite: Name of the suite.
        model: Name of the model.
        hub: Where the weights are, of a pipeline's last stage; None for models without any.
        hosted: Name of the hosted model that is asked, of a pipeline's last stage; None for others.
        tasks: Effects by task.
        aggregate: The suite's headline average: its name, and its value without and with instructions.
    """

    measure: str
    suite: str
    model: str
    hub: str | None
    hosted: str | None
    tasks: tuple[TaskEffect, ...]
    aggregate: tuple[str, float, float]

    @property
    def improved(self) -> int:
        """Number of tasks whose mean rises (MAIR's figure counts these)."""
        return sum(task.delta > 0 for task in self.tasks)

    @property
    def not_improved(self) -> int:
        """Number of tasks whose mean falls or stays."""
        return len(self.tasks) - self.improved


def find_pair(folder: Path) -> tuple[Path, Path]:
    """The results without and with instructions in a folder that holds one of each.

    Raises:
        UsageError: There are more or fewer.
    """
    found = [path for path in sorted(folder.rglob(RESULT_FILE)) if ".partial" not in str(path)]
    settings: dict[str, list[Path]] = {"without": [], "with": []}
    for path in found:
        instruction = read_result(path).task_setting.get("instruction")
        if instruction in settings:  # an agent's result has no such setting
            settings[instruction].append(path)
    if len(settings["without"]) != 1 or len(settings["with"]) != 1:
        counted = ", ".join(f"{len(paths)} {name}" for name, paths in settings.items())
        raise UsageError(f"{folder} must hold one result without and one with instructions; found {counted}. Name both")
    return settings["without"][0], settings["with"][0]


def instruction_effect(without: Path, with_: Path, measure: str | None = None, seed: int = 0) -> InstructionEffect:
    """Compare two stored results that differ in the instruction only.

    Args:
        without: Result file without instructions.
        with_: Result file with instructions.
        measure: What to compare; None for the headline's measure.
        seed: Seed of the bootstrap.

    Raises:
        UsageError: The results differ in more than the instruction.
        DataError: A sidecar is not what its result says.
    """
    first, second = read_result(without), read_result(with_)
    _refuse_unlike(first, second)
    name = measure or first.headline.metric
    rng = np.random.default_rng(seed)
    tasks = []
    for task, before in first.tasks.items():
        after = second.tasks[task]
        ids, old = read_per_query(without.parent / str(before.per_query_file))
        other_ids, new = read_per_query(with_.parent / str(after.per_query_file))
        if name not in old or name not in new:
            raise UsageError(f"the results have no '{name}'; they have {', '.join(old)}")
        at = positions_of(ids, other_ids)
        if (at < 0).any() or len(ids) != len(other_ids):
            raise DataError("the queries of the two results differ", file=with_.parent / str(after.per_query_file))
        groups = subtask_rows(ids.to_pylist()) if before.subtasks else {}
        tasks.append(_effect(task, old[name], new[name][at], groups, rng))
    kind = first.headline.aggregate
    overall = (kind, first.aggregates[kind][name], second.aggregates[kind][name])
    hub, hosted = _published_under(first.model_setting)
    return InstructionEffect(name, first.suite, first.model, hub, hosted, tuple(tasks), overall)


def published(effect: InstructionEffect, folder: Path) -> str | None:
    """What the suite's paper counts for the model, where its folder has a table of that.

    A row is found by the last part of the hub id or of the hosted model's name: it stands under `weights`, or, where
    that is empty, it is the paper's own name of the model.
    """
    table = folder / "instruction_effect.csv"
    if not table.is_file():
        return None
    names = {name.rsplit("/", 1)[-1].casefold() for name in (effect.hub, effect.hosted) if name}
    for row in read_rows(table):
        if (row.get("weights") or row["model"]).casefold() in names:
            return f"{row['improved']} of {int(row['improved']) + int(row['not_improved'])}"
    return None


def _effect(
    task: str, old: Floats, new: Floats, groups: Mapping[str, npt.NDArray[np.bool_]], rng: np.random.Generator
) -> TaskEffect:
    interval = _interval(new - old, rng)
    parts = tuple(_effect(group, old[rows], new[rows], {}, rng) for group, rows in groups.items())
    return TaskEffect(task, len(old), float(old.mean()), float(new.mean()), interval, parts)


def _published_under(setting: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Hub id and name of the hosted model; of a pipeline, its last stage is what a paper names."""
    last = setting.get("reranker")
    stage = last if isinstance(last, Mapping) else setting
    options = stage.get("options")
    named = options if isinstance(options, Mapping) else {}
    return stage.get("hub"), named.get("endpoint") or named.get("llm")


def _refuse_unlike(first: Result, second: Result) -> None:
    pair = (first.task_setting.get("instruction"), second.task_setting.get("instruction"))
    if pair != ("without", "with"):
        raise UsageError(f"expected a result without and one with instructions, found {pair[0]} and {pair[1]}")
    unlike = list(_unlike(_identity(first), _identity(second)))
    if unlike:
        more = f"; and {len(unlike) - NAMED} more" if len(unlike) > NAMED else ""
        raise UsageError(f"the results differ in more than the instruction: {'; '.join(unlike[:NAMED])}{more}")


def _identity(result: Result) -> dict[str, Any]:
    """All that must be equal in two results that differ in the instruction only."""
    return {
        "suite": f"{result.suite} {result.suite_version}",
        "model": result.model,
        "model_revision": result.model_revision,
        "task_setting": {key: value for key, value in result.task_setting.items() if key != "instruction"},
        "model_setting": _without_instruction(result.model_setting),
        "tasks": {
            name: {"qrels": task.qrels_fingerprint, "corpus": task.corpus_fingerprint}
            for name, task in result.tasks.items()
        },
    }


def _without_instruction(setting: Mapping[str, Any]) -> dict[str, Any]:
    """A model's setting without what names the instruction: the result that is a stored first stage."""
    kept: dict[str, Any] = {}
    for name, value in setting.items():
        if name == "result" and "result_setting" in setting:
            continue
        kept[name] = value
        if name == "result_setting":
            kept[name] = {key: one for key, one in value.items() if key != "instruction"}
        elif isinstance(value, Mapping):
            kept[name] = _without_instruction(value)
    return kept


def _unlike(first: Any, second: Any, name: str = "") -> Iterator[str]:
    """Where nested values differ, and how."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in dict.fromkeys([*first, *second]):
            yield from _unlike(first.get(key), second.get(key), f"{name}.{key}" if name else key)
    elif first != second:
        yield f"{name} ({_short(first)}, {_short(second)})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."


def _interval(deltas: Floats, rng: np.random.Generator) -> tuple[float, float]:
    picks = rng.integers(0, len(deltas), size=(SAMPLES, len(deltas)), dtype=np.int32)
    low, high = np.quantile(deltas[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
