"""Results on the disk: finding, reading and naming them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.results.schema import Result, identity_of

RESULT_FILE = "result.json"
LONGEST_NAME = 80

MOST_BYTES = 2**27
"""Size of the largest file that is read as a result."""


def slug(name: str) -> str:
    """A name as a part of a path: letters, digits, dots and dashes."""
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", name).strip("._")[:LONGEST_NAME] or "_"


def distinct_slug(name: str) -> str:
    """As `slug`, but different for different names."""
    short = slug(name)
    return short if short == name else f"{short}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def work_key(described: Mapping[str, Any]) -> str:
    """Short hash of everything that decides a result, known before it is computed."""
    canonical = json.dumps(described, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:10]


def find_result(place: Path, *, task: str | None = None, instruction: str | None = None) -> Path:
    """The result file at a place: the file itself, or the only one in a folder.

    Raises:
        MissingDataError: There is none.
        UsageError: There are several; the message lists them.
    """
    if place.is_file():
        return place
    if not place.is_dir():
        raise MissingDataError("no such result file or folder", file=place)
    there = sorted(path for path in place.rglob(RESULT_FILE) if not _unfinished(path.relative_to(place)))
    if not there:
        raise MissingDataError("the folder holds no finished result", file=place)
    found = there
    if task is not None or instruction is not None:
        found = [path for path in there if _matches(read_result(path), task, instruction)]
    if not found:
        asked = " ".join(filter(None, [task and f"--task {task}", instruction and f"--instruction {instruction}"]))
        raise MissingDataError(f"none of the results here fits {asked}:{_listed(there)}", file=place)
    if len(found) > 1:
        advice = "name one, or narrow with --task/--instruction"
        raise UsageError(f"{place} holds {len(found)} results; {advice}:{_listed(found)}")
    return found[0]


def read_result(path: Path) -> Result:
    """A result file.

    Raises:
        DataError: It is not one, or its identity does not fit its content.
    """
    from pydantic import ValidationError

    values = _read_json(path)
    try:
        result = Result.model_validate(values)
        identity = identity_of(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(f"not a result: {first['msg']}", file=path, field=field) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"not a result: {error}", file=path) from None
    if identity != result.identity:
        raise DataError(
            "the identity does not fit the content: the file was changed by hand", file=path, field="identity"
        )
    return result


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"is larger than {MOST_BYTES} bytes: not a result", file=path)
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=path) from None
    except OSError as error:
        raise MissingDataError(f"cannot be read: {error.strerror}", file=path) from None


def _listed(paths: list[Path]) -> str:
    return "".join(f"\n  {path}" for path in paths)


def _unfinished(path: Path) -> bool:
    return any(part.endswith(".partial") for part in path.parts)


def _matches(result: Result, task: str | None, instruction: str | None) -> bool:
    fits_task = task is None or task == result.suite or task in result.tasks
    return fits_task and instruction in (None, result.task_setting.get("instruction"))
