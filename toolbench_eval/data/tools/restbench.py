"""RestBench as RestGPT released it (Song et al. 2023, arXiv 2306.06624), and ConAgents' copy of its TMDB part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from toolbench_eval.data.files import kind_of
from toolbench_eval.data.qa.reading import read_records
from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.data.tools.companions import Companions
from toolbench_eval.data.tools.json_files import read_json
from toolbench_eval.environments.openapi import path_name
from toolbench_eval.errors import DataError


def restbench(record: Record, companions: Companions) -> Iterator[ToolProblem]:
    """A record with `query` and `solution`, a list of `METHOD /path` as the OpenAPI document declares them.

    Blanks around a step do not count. A step that the document lacks (there is one) keeps its place under a name made
    of it, so that the problem has no path that can be called.

    Raises:
        DataError: A field is missing or of a wrong type.
        MissingDataError: There is no OpenAPI document.
    """
    steps = record.texts("solution")
    names = {tool.source: tool.name for tool in companions.specs.values()}
    yield ToolProblem(
        id=record.maybe("q_id") or str(record.row),
        text=record.text("query"),
        gold_calls=tuple(GoldCall(_named(step, names, record, at)) for at, step in enumerate(steps)),
    )


def restbench_records(path: Path) -> Iterator[Record]:
    """The records of RestBench's file, or of ConAgents', whose `data` is the list of them.

    Raises:
        DataError: It is neither.
    """
    document = read_json(path) if kind_of(path.name)[0] == ".json" else None
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        yield from read_records(path)
        return
    for row, values in enumerate(document["data"], start=1):
        if not isinstance(values, dict):
            raise DataError(f"must be an object, found {described(values)}", file=path, row=row, field="data")
        yield Record(values, str(path), row)


def _named(step: str, names: dict[str, str], record: Record, at: int) -> str:
    """The tool of a step; ConAgents writes the server's address in front of the path."""
    method, _, address = step.strip().partition(" ")
    if not address.strip():
        raise record.fault(f"must be a method and a path, found '{step}'", f"solution[{at}]")
    path = address.strip()
    if "://" in path:
        path = urlsplit(path).path
    wanted = f"{method.upper()} {path}"
    # The server's own path, such as /3, stands in an address and not in the document.
    found = [name for source, name in names.items() if source == wanted or _ends(wanted, source)]
    return min(found, key=len) if found else path_name(method, path)


def _ends(wanted: str, source: str) -> bool:
    method, _, path = source.partition(" ")
    return wanted.startswith(f"{method} ") and wanted.endswith(path) and wanted.count("/") == source.count("/") + 1
