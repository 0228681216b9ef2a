"""Reading the TOML files that declare suites, corpora and model cards."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toolbench_eval.errors import DataError

if TYPE_CHECKING:
    from pydantic import BaseModel

    Declaration = TypeVar("Declaration", bound=BaseModel)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        DataError: The file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"not a TOML file: {error}", file=path) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=path) from None


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV table with a header; empty cells are left out.

    Raises:
        DataError: The file cannot be read, or a row has more or fewer cells than the header.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", file=path) from None
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise DataError("the row has not as many cells as the header", file=path, row=number)
    return [{key: cell for key, cell in row.items() if cell != ""} for row in rows]


def validated(schema: type[Declaration], values: Mapping[str, Any], path: Path, row: int | None = None) -> Declaration:
    """The values as an instance of the schema.

    Raises:
        DataError: The first field that is missing, unknown or of the wrong type.
    """
    from pydantic import ValidationError

    try:
        return schema.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{first['msg']} (found {first['input']!r:.80})", file=path, row=row, field=field) from None
