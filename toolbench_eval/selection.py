"""From task patterns to suites and their tasks."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from toolbench_eval.errors import DataError, UnknownNameError, UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.suites import Suite, TaskRow


@dataclass(frozen=True)
class Selection:
    """Tasks of one suite, in the order of its table."""

    suite: Suite
    rows: tuple[TaskRow, ...]

    @property
    def whole(self) -> bool:
        """Whether these are all tasks of the suite."""
        return len(self.rows) == len(self.suite.rows)


def select(patterns: tuple[str, ...], registry: Registry) -> list[Selection]:
    """Find the tasks that patterns name.

    Args:
        patterns: `suite`, `suite/task`, `suite:category`, `suite:category/subcategory`, or a glob over `suite/task`.
        registry: Where suites are declared.

    Raises:
        UnknownNameError: A pattern fits nothing; the nearest names are listed.
        UsageError: A pattern names a part of a task.
    """
    chosen: dict[str, set[str]] = {}
    for pattern in patterns:
        for suite, names in _matching(pattern, registry).items():
            chosen.setdefault(suite, set()).update(names)
    suites = [registry.suite(name) for name in chosen]
    return [Selection(suite, tuple(row for row in suite.rows if row.task in chosen[suite.name])) for suite in suites]


def _matching(pattern: str, registry: Registry) -> dict[str, list[str]]:
    if any(sign in pattern for sign in "*?["):
        found = {}
        for name in registry.suite_files:
            if fnmatchcase(name, pattern.split("/", maxsplit=1)[0]):
                tasks = [row.task for row in registry.suite(name).rows]
                found[name] = [task for task in tasks if fnmatchcase(f"{name}/{task}", _whole(pattern))]
        if not any(found.values()):
            raise UnknownNameError("task", pattern, registry.suite_files, "The glob fits no task.")
        return {name: tasks for name, tasks in found.items() if tasks}
    name, slash, task = pattern.partition("/")
    if slash and name in registry.suite_files:
        tasks = [row.task for row in registry.suite(name).rows]
        whole = task.partition("/")[0]
        if whole != task and whole in tasks:
            advice = f"use --task {name}/{whole}: its table shows the scores of its parts"
            raise UsageError(f"'{pattern}' is a part of a task; parts are reported, not selected: {advice}")
        if task not in tasks:
            raise UnknownNameError("task", pattern, [f"{name}/{one}" for one in tasks])
        return {name: [task]}
    name, colon, category = pattern.partition(":")
    if colon and name in registry.suite_files:
        suite = registry.suite(name)
        tasks = [row.task for row in suite.rows if category in (row.category, f"{row.category}/{row.subcategory}")]
        if not tasks:
            raise UnknownNameError("category", pattern, [f"{name}:{one}" for one in suite.categories])
        return {name: tasks}
    if pattern in registry.suite_files:
        return {pattern: [row.task for row in registry.suite(pattern).rows]}
    hint = "'evalharness tasks list' shows all suites."
    raise UnknownNameError("task", pattern, _all_names(pattern, registry), hint)


def _whole(pattern: str) -> str:
    return pattern if "/" in pattern else f"{pattern}/*"


def _all_names(pattern: str, registry: Registry) -> list[str]:
    """Suites, and full task names: a bare task name is a common slip."""
    names = list(registry.suite_files)
    for name in registry.suite_files:
        try:
            rows = registry.suite(name).rows
        except DataError:  # a faulty declaration of another suite must not hide that this name is unknown
            continue
        names += [f"{name}/{row.task}" for row in rows if pattern.rsplit("/", maxsplit=1)[-1] == row.task]
    exact = [known for known in names if known.endswith(f"/{pattern}")]
    return exact or names
