"""What may be compared with what, and why not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.results.schema import Result, TaskResult
from toolbench_eval.results.store import find_result, read_result

SHOWN = 4
"""Tasks that a reason names before it only counts."""

FINGERPRINTS = {"qrels_fingerprint": "judgments", "queries_fingerprint": "queries", "corpus_fingerprint": "documents"}


@dataclass(frozen=True, eq=False)
class System:
    """A result that takes part.

    Attributes:
        label: What it is called in the comparison.
        path: Its file.
        result: Its content.
    """

    label: str
    path: Path
    result: Result


@dataclass(frozen=True)
class Terms:
    """What is asked of the results, and what is let through.

    Attributes:
        task: Compare this task only; None, or the name of the suite, for all.
        across: The one key of the task setting that is the question and so may differ, e.g. `instruction`.
        shared_tasks: Restrict the comparison to the tasks that all results have.
        force: Go on whatever differs.
    """

    task: str | None = None
    across: str | None = None
    shared_tasks: bool = False
    force: bool = False


def load_systems(
    places: Sequence[str | os.PathLike[str]], *, task: str | None = None, instruction: str | None = None
) -> tuple[System, ...]:
    """Read results and give them names that tell them apart.

    Args:
        places: Result files, or folders that hold exactly one.
        task: Narrows folders to the results that have this task.
        instruction: Narrows folders to the results of this setting.

    Raises:
        UsageError: There are fewer than two, or a folder holds several.
        MissingDataError: A place holds none.
    """
    if len(places) < 2:
        raise UsageError(f"a comparison needs at least two results, found {len(places)}")
    if any(isinstance(place, Result) for place in places):
        raise UsageError("name the files or folders of the results: the scores of single queries lie beside them")
    paths = [find_result(Path(place), task=task, instruction=instruction) for place in places]
    results = [read_result(path) for path in paths]
    labels = _labels(results, paths)
    return tuple(System(*one) for one in zip(labels, paths, results, strict=True))


def shared_tasks(systems: Sequence[System], terms: Terms) -> list[str]:
    """The tasks to compare, in the order of the first result.

    Raises:
        UsageError: The results have none in common.
        UnknownNameError: The task that is asked for is in none of them.
    """
    first = systems[0].result
    everywhere = [task for task in first.tasks if all(task in system.result.tasks for system in systems)]
    if terms.task is not None and terms.task not in {system.result.suite for system in systems}:
        if terms.task not in everywhere:
            hint = "Only tasks that all results have can be compared."
            raise UnknownNameError("shared task", terms.task, everywhere, hint)
        return [terms.task]
    if not everywhere:
        raise UsageError("the results have no task in common: " + _each(systems, [s.result.suite for s in systems]))
    return everywhere


def objections(systems: Sequence[System], terms: Terms) -> list[str]:
    """Why the results are not comparable; empty where they are.

    Raises:
        UnknownNameError: `across` is no key of the task setting.
    """
    tasks = shared_tasks(systems, terms)
    return [*_versions(systems), *_settings(systems, terms), *_coverage(systems, tasks, terms), *_data(systems, tasks)]


def refuse(reasons: Sequence[str], terms: Terms) -> None:
    """Stop where there are objections that are not overruled.

    Raises:
        UsageError: The reasons, and what to do.
    """
    if reasons and not terms.force:
        listed = "".join(f"\n  - {reason}" for reason in reasons)
        raise UsageError(f"these results are not comparable:{listed}\n--force compares them all the same, and says so")


def _versions(systems: Sequence[System]) -> list[str]:
    named = [f"{system.result.suite} {system.result.suite_version}" for system in systems]
    return [f"versions of the suite differ: {_each(systems, named)}"] if len(set(named)) > 1 else []


def _settings(systems: Sequence[System], terms: Terms) -> list[str]:
    settings = [system.result.task_setting for system in systems]
    keys = list(dict.fromkeys(key for setting in settings for key in setting))
    if terms.across is not None and terms.across not in keys:
        raise UnknownNameError("key of the task setting", terms.across, keys)
    reasons = []
    for key in keys:
        values = [repr(setting[key]) if key in setting else "not recorded" for setting in settings]
        if len(set(values)) > 1 and key != terms.across:
            hint = "" if terms.across else f" (if that is the question: --across {key})"
            reasons.append(f"the task setting '{key}' differs: {_each(systems, values)}{hint}")
    return reasons


def _coverage(systems: Sequence[System], tasks: Sequence[str], terms: Terms) -> list[str]:
    if terms.shared_tasks or (terms.task is not None and terms.task in tasks):
        return []
    everything = {task for system in systems for task in system.result.tasks}
    if everything == set(tasks):
        return []
    counted = [f"{len(system.result.tasks)} tasks" for system in systems]
    lacking = _some(sorted(everything - set(tasks)))
    return [f"not all results have the same tasks: {_each(systems, counted)}; not shared: {lacking} (--shared-tasks)"]


def _data(systems: Sequence[System], tasks: Sequence[str]) -> list[str]:
    reasons = []
    for field, name in FINGERPRINTS.items():
        unlike = [task for task in tasks if len({getattr(entry, field) for entry in _entries(systems, task)}) > 1]
        if unlike:
            reasons.append(f"the {name} differ in {_some(unlike)} ({field})")
    return reasons


def _entries(systems: Sequence[System], task: str) -> list[TaskResult]:
    return [system.result.tasks[task] for system in systems]


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(names[:SHOWN])
    return listed if len(names) <= SHOWN else f"{listed} and {len(names) - SHOWN} more"


def _each(systems: Sequence[System], values: Iterable[str]) -> str:
    """Each value with the systems that have it."""
    found: dict[str, list[str]] = {}
    for system, value in zip(systems, values, strict=True):
        found.setdefault(value, []).append(system.label)
    return "; ".join(f"{value} for {_some(labels)}" for value, labels in found.items())


def _labels(results: Sequence[Result], paths: Sequence[Path]) -> list[str]:
    """Model names; where several results have one, with what tells them apart added."""
    labels = [result.system for result in results]
    hints = (
        [str(result.task_setting.get("instruction")) for result in results],
        [path.parent.name for path in paths],
        [f"#{number}" for number in range(1, len(results) + 1)],
    )
    for hint in hints:
        counted = Counter(labels)
        inside = {label: len({h for own, h in zip(labels, hint, strict=True) if own == label}) for label in counted}
        labels = [
            f"{label} ({added})" if counted[label] > 1 and inside[label] > 1 else label
            for label, added in zip(labels, hint, strict=True)
        ]
    return labels
