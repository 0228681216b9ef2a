"""Documents in JSON or YAML, as the JSON values that they stand for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolbench_eval.data.tools.json_files import read_json
from toolbench_eval.errors import DataError

YAML = (".yaml", ".yml")


def read_document(path: Path) -> Any:
    """The value of a JSON or YAML file; the name tells which.

    Raises:
        MissingDataError: There is no such file.
        DataError: It is neither.
    """
    if path.suffix.lower() not in YAML:
        return read_json(path)
    import yaml  # type: ignore[import-untyped]

    try:
        # Keys such as 200, and dates, become the text that they are in JSON.
        return json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8-sig")), default=str))
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        row = None if mark is None else mark.line + 1
        raise DataError(f"not YAML: {' '.join(str(error).split())}", file=path, row=row) from error
