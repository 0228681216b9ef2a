"""What instructions do for a model: the same model with and without them, task by task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.data.ids import positions_of
from toolbench_eval.declarations import read_rows
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.results.schema import Result
from toolbench_eval.results.sidecars import read_per_query
from toolbench_eval.results.store import RESULT_FILE, read_result

SAMPLES = 2000


@dataclass(frozen=True)
class TaskEffect:
    """The effect on one task.

    Attributes:
        task: Name of the task.
        queries: Number of queries.
        without: Mean score without instructions.
        with_: Mean score with instructions.
        ci95: 95 % interval of the difference: percentile bootstrap over paired queries.
    """

    task: str
    queries: int
    without: float
    with_: float
    ci95: tuple[float, float]

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
        hub: Where the model's weights are, None for models without any.
        tasks: Effects by task.
        aggregate: The suite's headline average: its name, and its value without and with instructions.
    """

    measure: str
    suite: str
    model: str
    hub: str | None
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
        settings[str(read_result(path).task_setting["instruction"])].append(path)
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
        values = new[name][at]
        interval = _interval(values - old[name], rng)
        tasks.append(TaskEffect(task, len(ids), float(old[name].mean()), float(values.mean()), interval))
    kind = first.headline.aggregate
    overall = (kind, first.aggregates[kind][name], second.aggregates[kind][name])
    hub = first.model_setting.get("hub")
    return InstructionEffect(name, first.suite, first.model, hub, tuple(tasks), overall)


def published(effect: InstructionEffect, folder: Path) -> str | None:
    """What the suite's paper counts for the model, where its folder has a table of that."""
    table = folder / "instruction_effect.csv"
    if effect.hub is None or not table.is_file():
        return None
    name = effect.hub.rsplit("/", 1)[-1].casefold()
    rows = [row for row in read_rows(table) if row["model"].casefold() == name]
    return f"{rows[0]['improved']} of {int(rows[0]['improved']) + int(rows[0]['not_improved'])}" if rows else None


def _refuse_unlike(first: Result, second: Result) -> None:
    def identity(result: Result) -> dict[str, Any]:
        setting = {key: value for key, value in result.task_setting.items() if key != "instruction"}
        data = {name: (task.qrels_fingerprint, task.corpus_fingerprint) for name, task in result.tasks.items()}
        return {"suite": result.suite, "model": result.model, "setting": setting, "tasks": data}

    ours, theirs = identity(first), identity(second)
    unlike = [name for name in ours if ours[name] != theirs[name]]
    if unlike:
        raise UsageError(f"the results differ in more than the instruction: {', '.join(unlike)}")
    pair = (first.task_setting["instruction"], second.task_setting["instruction"])
    if pair != ("without", "with"):
        raise UsageError(f"expected a result without and one with instructions, found {pair[0]} and {pair[1]}")


def _interval(deltas: npt.NDArray[np.float64], rng: np.random.Generator) -> tuple[float, float]:
    picks = rng.integers(0, len(deltas), size=(SAMPLES, len(deltas)), dtype=np.int32)
    low, high = np.quantile(deltas[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
