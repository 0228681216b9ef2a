"""Files that hold one JSON value, plain or compressed, and files that lie beside others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from toolbench_eval.data.files import COMPRESSIONS
from toolbench_eval.errors import DataError, MissingDataError

ENDINGS = ("", *COMPRESSIONS)
"""What may follow a file's name."""


def read_json(path: Path) -> Any:
    """The value of a JSON file; `.gz` and `.zst` are unpacked.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is no JSON.
    """
    if not path.is_file():
        raise MissingDataError("there is no such file", file=path)
    compression = COMPRESSIONS.get(path.suffix.lower())
    try:
        with pa.input_stream(str(path), compression=compression) as stream:
            return json.loads(stream.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=path) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error}", file=path) from error


def bare_name(path: Path) -> str:
    """A file's name without the ending of its compression."""
    return path.name.removesuffix(path.suffix) if path.suffix.lower() in COMPRESSIONS else path.name


def found_in(folder: Path, name: str) -> Path | None:
    """The file or folder of this name, perhaps compressed, in a folder; None if there is none."""
    paths = (folder / f"{name}{ending}" for ending in ENDINGS)
    return next((path for path in paths if path.exists()), None)


def beside(records: Path, name: str) -> Path:
    """What belongs to a file of records: in its folder, or in the folder above.

    Args:
        records: The file of records.
        name: Name, perhaps with a folder in front; `{file}` is the name of the records' file.

    Raises:
        MissingDataError: There is no such thing.
    """
    wanted = name.replace("{file}", bare_name(records))
    for folder in (records.parent, records.parent.parent):
        found = found_in(folder, wanted)
        if found is not None:
            return found
    raise MissingDataError(f"'{wanted}', which belongs to these records, is not beside them", file=records)
