"""How large a board's files may be, and reading them within that."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.results.parquet import Bounds

DEPTH = 100
"""Documents of a query that a board takes at most."""

ENTRY_BYTES = 100_000_000
"""All files of an entry together; a code host takes no larger file either."""

ENTRY_FILES = 2000
RESULT_BYTES = 16 * 2**20
TEXT_BYTES = 2**20
TABLE_BYTES = 16 * 2**20
"""Tables of a whole board: its checksums, its reported figures."""

MEASURES = 200
VOCABULARY = Bounds(rows=20_000_000, size=2**30)
SAMPLE_BYTES = 2**24
"""What an agent may have done for one sample: as JSON, unpacked."""

SAMPLES_BYTES = 2**32
"""The same for all samples of a task. They are read one at a time, so this bounds time and no memory."""

_ROOM = 2**20


def run_bounds(queries: int, depth: int) -> Bounds:
    """What a run of so many queries and documents can take: three numbers of 8 bytes for each row."""
    rows = queries * depth
    return Bounds(rows=rows, size=24 * rows + _ROOM)


def per_query_bounds(queries: int, measures: int) -> Bounds:
    """What the scores of so many queries can take, with ids of up to 4 KiB."""
    return Bounds(rows=queries, size=queries * (8 * measures + 4096) + _ROOM)


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether a value of a JSON file is a whole number within bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_plain(path: Path) -> bool:
    """Whether a path is a file itself: no link, no folder, no device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def read_bounded(path: Path, most: int = TEXT_BYTES) -> str:
    """The text of a file of limited size.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is a link or a device, too large, or not UTF-8.
    """
    if not path.exists() and not path.is_symlink():
        raise MissingDataError("the file is not there", file=path)
    if not is_plain(path):
        raise DataError("must be a plain file, not a link or a folder", file=path)
    if path.stat().st_size > most:
        raise DataError(f"has {path.stat().st_size} bytes; at most {most} are read", file=path)
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: {error}", file=path) from None
    except OSError as error:
        raise MissingDataError(f"cannot be read: {error.strerror}", file=path) from None


def read_bounded_toml(path: Path, most: int = TEXT_BYTES) -> dict[str, Any]:
    """The content of a TOML file of limited size.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is not TOML, or not a file that is read.
    """
    text = read_bounded(path, most)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not TOML: {error}", file=path) from None


def read_bounded_json(path: Path, most: int = TEXT_BYTES) -> Any:
    """The content of a JSON file of limited size.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is not JSON, or not a file that is read.
    """
    text = read_bounded(path, most)
    try:
        values = json.loads(text)
        json.dumps(values, allow_nan=False, ensure_ascii=False).encode()  # no NaN, no half characters
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=path) from None
    return values


def toml_text(values: dict[str, str | bool]) -> str:
    """Keys and values as TOML; strings in JSON's quotes, which TOML shares."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
