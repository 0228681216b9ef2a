"""The folder of a toolset: its corpus as suites search it, and who executes its calls.

`corpus.toml` is the declaration, `tools.jsonl` has a line a tool: `id`, and `documentation`, the JSON text of name,
description and parameters. `environment.json` says who executes calls, where somebody does (see `services`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolbench_eval.atomic import write_text
from toolbench_eval.data.qa.reading import read_records
from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tools.json_files import read_json
from toolbench_eval.declarations import read_corpus
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.toolset.services import HttpService, Service, read_service, service_values

DECLARATION, TOOLS, ENVIRONMENT = "corpus.toml", "tools.jsonl", "environment.json"
DOCUMENTATION = "documentation"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Toolset:
    """Tools with a name.

    Attributes:
        name: Name of the corpus.
        tools: The tools; no two have the same name.
        service: Who executes their calls, None where nobody does.
        licence: Licence of the descriptions.
        title: What it is, in a line.
    """

    name: str
    tools: tuple[ToolSpec, ...]
    service: Service | None = None
    licence: str = "not stated"
    title: str = ""


def known_tools(toolset: Toolset) -> list[ToolSpec]:
    """The tools, and again with their addresses where they are operations of HTTP services."""
    operations = toolset.service.operations if isinstance(toolset.service, HttpService) else ()
    return [*toolset.tools, *(one.tool for one in operations)]


def named(name: str | None, folder: Path) -> str:
    """The name of a corpus: as given, else that of its folder.

    Raises:
        UsageError: It cannot be one.
    """
    chosen = folder.resolve().name if name is None else name
    if not _NAME.fullmatch(chosen):
        raise UsageError(f"'{chosen}' cannot name a corpus: letters, digits and . _ - only; use --name")
    return chosen


def documentation(tool: ToolSpec) -> str:
    """The text of a tool's document, in the form of ToolRet's `documentation`."""
    described = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return json.dumps(described, ensure_ascii=False)


def free_folder(folder: Path) -> Path:
    """The folder, if nothing is in it.

    Raises:
        UsageError: Something is.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty: name another --out, or delete it")
    return folder


def write_toolset(folder: Path, toolset: Toolset) -> None:
    """Write the folder of a toolset.

    Raises:
        StorageError: The disk failed.
    """
    write_documents(folder, toolset)
    if toolset.service is not None:
        text = json.dumps(service_values(toolset.service), ensure_ascii=False, indent=1)
        write_text(folder / ENVIRONMENT, text + "\n")


def write_documents(folder: Path, toolset: Toolset) -> None:
    """Write the corpus alone, as it lies beside a suite.

    Raises:
        StorageError: The disk failed.
    """
    lines = [{"id": tool.name, DOCUMENTATION: documentation(tool)} for tool in toolset.tools]
    write_lines(folder / TOOLS, lines)
    declared = {
        "name": toolset.name,
        "title": toolset.title,
        "licence": toolset.licence,
        "files": [TOOLS],
        "documents": len(lines),
    }
    write_text(folder / DECLARATION, f"{toml(declared)}\n[columns]\n{toml({'text': DOCUMENTATION})}")


def read_toolset(folder: Path) -> Toolset:
    """The toolset of a folder.

    Raises:
        MissingDataError: There is none.
        DataError: A document is none of a tool, or the declaration is wrong.
    """
    path = folder / DECLARATION
    if not path.is_file():
        raise MissingDataError(f"has no {DECLARATION}: make it with 'evalharness corpus import'", file=folder)
    spec = read_corpus(path).spec
    if not isinstance(spec.files, list):
        raise DataError("must be a list of files", file=path, field="files")
    tools = tuple(_tool(record, spec.columns.text) for name in spec.files for record in read_records(folder / name))
    service = folder / ENVIRONMENT
    return Toolset(
        spec.name,
        tools,
        _service(service) if service.is_file() else None,
        spec.licence,
        spec.title,
    )


def _tool(record: Record, column: str) -> ToolSpec:
    try:
        values = json.loads(record.text(column))
        return ToolSpec(str(values["name"]), str(values["description"]), dict(values["parameters"]))
    except (ValueError, KeyError, TypeError) as error:
        message = f"must be JSON with name, description and parameters: {error!r}"
        raise record.fault(message, column) from error


def _service(path: Path) -> Service:
    try:
        return read_service(read_json(path))
    except DataError as error:
        raise DataError(error.message, file=path) from error


def write_lines(path: Path, lines: Iterable[Any]) -> None:
    """Write JSON Lines.

    Raises:
        StorageError: The disk failed.
    """
    write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def toml(values: dict[str, Any]) -> str:
    """Texts, numbers, truth values and lists of texts as lines of TOML, whose strings are written as JSON's are."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()]
    return "".join(lines).replace("\x7f", "\\u007f")
