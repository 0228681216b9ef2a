"""Pins: the content fingerprints that a suite's data must have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolbench_eval.data.fingerprint import combined
from toolbench_eval.data.tasks import TaskData
from toolbench_eval.declarations import read_toml
from toolbench_eval.errors import DataError
from toolbench_eval.suites import Suite

if TYPE_CHECKING:
    from toolbench_eval.evaluation.plan import SuiteData

PINS_FILE = "pins.toml"
FINGERPRINTS = ("documents", "queries", "qrels")


def pinned_rows(suite: Suite, data: SuiteData) -> list[dict[str, Any]]:
    """Name, size, origin and fingerprints of the corpus and of every task."""
    tasks = [
        {
            "name": f"{suite.name}/{task.row.task}",
            "rows": len(task.queries),
            "origin": task.origin.kind,
            "location": task.origin.location,
            "queries": task.queries.fingerprint,
            "qrels": task.qrels.fingerprint,
            **({} if data.shared is not None else {"documents": corpora_fingerprint(task, data)}),
        }
        for task in data.tasks
    ]
    if data.shared is None or data.shared_origin is None:
        return tasks
    corpus = {
        "name": f"corpus:{suite.spec.corpus}",
        "rows": len(data.shared),
        "origin": data.shared_origin.kind,
        "location": data.shared_origin.location,
        "documents": data.shared.fingerprint,
    }
    return [corpus, *tasks]


def corpora_fingerprint(task: TaskData, data: SuiteData) -> str:
    """Fingerprint of what a task searches; with several splits, of the fingerprints of theirs."""
    return combined([data.handle(unit).fingerprint for unit in task.units])


def pins_toml(rows: list[dict[str, Any]]) -> str:
    """The fingerprints as a `pins.toml`."""
    blocks = []
    for row in rows:
        lines = [f'["{row["name"]}"]', f"rows = {row['rows']}"]
        lines += [f'{kind} = "{row[kind]}"' for kind in FINGERPRINTS if kind in row]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def check_pins(suite: Suite, data: SuiteData) -> None:
    """Compare data with the suite's pins, where it has any.

    Raises:
        DataError: A corpus or task is not the pinned one.
    """
    check_rows(suite, lambda: pinned_rows(suite, data))


def check_rows(suite: Suite, rows: Callable[[], list[dict[str, Any]]]) -> None:
    """Compare fingerprints with the suite's pins, where it has any.

    Args:
        suite: The suite.
        rows: Computes what is compared; only called where there are pins.

    Raises:
        DataError: Something is not what was pinned.
    """
    path = suite.folder / PINS_FILE
    if not path.is_file():
        return
    pins = _read_pins(path)
    for row in rows():
        for kind, pinned in pins.get(row["name"], {}).items():
            if row.get(kind) != pinned:
                raise DataError(
                    f"the data of '{row['name']}' is not what was pinned ({kind}: {row.get(kind)}, pinned {pinned}); "
                    "restore it, or pin anew with 'evalharness data pin'",
                    file=path,
                    field=f"{row['name']}.{kind}",
                )


def _read_pins(path: Path) -> dict[str, dict[str, object]]:
    """The pins of a file; a misspelt key would be no protection, so it is refused."""
    pins = read_toml(path)
    for name, pinned in pins.items():
        if not isinstance(pinned, dict):
            raise DataError("must be a table with the fingerprints", file=path, field=name)
        if unknown := sorted(pinned.keys() - {"rows", *FINGERPRINTS}):
            raise DataError(
                f"there is no such key; known: rows, {', '.join(FINGERPRINTS)}", file=path, field=unknown[0]
            )
    return pins
