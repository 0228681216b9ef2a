"""The tools of a source: an OpenAPI document, a tool file, an MCP server, a Python module, JSONL."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal
from urllib.parse import urlsplit

from toolbench_eval.data.files import kind_of
from toolbench_eval.data.qa.reading import read_records
from toolbench_eval.data.qa.record import Record, described
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.openapi import read_openapi
from toolbench_eval.environments.operations import Operation
from toolbench_eval.environments.tool_files import read_tool_file
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.toolset.documents import read_document
from toolbench_eval.toolset.services import (
    FunctionsService,
    HttpService,
    MakerService,
    McpService,
    Service,
    allow_service,
    imported,
    public_functions,
)

Kind = Literal["openapi", "mcp", "functions", "jsonl"]
Faults = list[DataError]


@dataclass(frozen=True)
class Place:
    """Where a tool is declared: file, number of the record or line, field."""

    file: str
    row: int | None = None
    field: str | None = None

    def fault(self, message: str, name: str | None = None) -> DataError:
        """What is wrong there; `name` is the field in a record."""
        return DataError(message, file=self.file, row=self.row, field=name if self.field is None else self.field)


@dataclass(frozen=True)
class Found:
    """What a source declares.

    Attributes:
        tools: The tools and where each is declared.
        service: Who executes their calls, None where nobody does.
        faults: Records that are no tools.
        notes: What a user should know.
    """

    tools: tuple[tuple[ToolSpec, Place], ...]
    service: Service | None = None
    faults: tuple[DataError, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What a user names.

    Attributes:
        name: A file, an address, `package.module`, `package.module:function`; empty with `command`.
        kind: How it is read, None to tell it from the name and the content.
        command: The program of an MCP server and its arguments, as in a shell.
        server: Base address in place of an OpenAPI document's own.
        headers: Headers of requests: the environment variable that holds the value of each.
        variables: Environment variables that an MCP program gets.
    """

    name: str = ""
    kind: Kind | None = None
    command: str = ""
    server: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[str, ...] = ()


def read_source(source: Source) -> Found:
    """The tools of a source.

    Raises:
        UsageError: What kind it is cannot be told, or a module cannot be imported.
        MissingDataError: There is no such file.
        DataError: It cannot be read as what it is.
        OutsideError: An MCP server cannot be reached.
    """
    if bool(source.name) == bool(source.command):
        raise UsageError("name one source: a file, an address, a Python module, or --mcp-command")
    kind = source.kind or _kind(source)
    return _READERS[kind](source)


def _kind(source: Source) -> Kind:
    if source.command or urlsplit(source.name).scheme in {"http", "https"}:
        return "mcp"
    path = Path(source.name)
    if path.is_file():
        return "jsonl" if kind_of(path.name)[0] in {".jsonl", ".ndjson"} else "openapi"
    if path.suffix.lower() in {".json", ".yaml", ".yml", ".jsonl", ".ndjson"} or "/" in source.name:
        raise MissingDataError("there is no such file", file=path)
    if all(part.isidentifier() for part in source.name.replace(":", ".").split(".")):
        return "functions"
    raise UsageError(f"'{source.name}' is no file, no address and no Python module: say what it is with --kind")


# HTTP


def _openapi(source: Source) -> Found:
    """An OpenAPI document or a tool file; a list of tools in a JSON file is read as JSONL is."""
    path = Path(source.name)
    document = read_document(path)
    if isinstance(document, list):
        return _of_records([Record(_an_object(one, path, row), str(path), row) for row, one in enumerate(document, 1)])
    if not isinstance(document, Mapping):
        raise DataError(f"must be an object, found {described(document)}", file=path)
    try:
        operations = _operations(document, source.server)
    except DataError as error:
        raise DataError(error.message, file=path, row=error.row, field=error.field) from error
    hosts = tuple(dict.fromkeys(urlsplit(one.tool.url).netloc.lower() for one in operations))
    bare = tuple(replace(one, example=None) for one in operations)
    service = HttpService(hosts=hosts, headers=dict(source.headers), operations=bare)
    allow_service(service, changes=False)
    try:
        tools: Sequence[ToolSpec] = service.environment(changes=False).tools()
    except DataError:  # a faulty schema, which is told with its place
        tools = [one.tool for one in operations]
    places = [Place(str(path), None, one.tool.source) for one in operations]
    return Found(tuple(zip(tools, places, strict=True)), service)


def _operations(document: Mapping[str, Any], server: str | None) -> list[Operation]:
    if "endpoints" in document:
        return read_tool_file({**document, "servers": [{"url": server}]} if server else document)
    return read_openapi(document, server)


def _an_object(value: Any, path: Path, row: int) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DataError(f"must be an object, found {described(value)}", file=path, row=row)
    return value


# JSONL


def _jsonl(source: Source) -> Found:
    return _of_records(list(read_records(Path(source.name))))


def _of_records(records: Sequence[Record]) -> Found:
    tools: list[tuple[ToolSpec, Place]] = []
    faults: Faults = []
    for record in records:
        try:
            tools.append((_declared(record), Place(record.file, record.row)))
        except DataError as error:
            faults.append(error)
    return Found(tuple(tools), None, tuple(faults))


def _declared(record: Record) -> ToolSpec:
    """A tool as `{name, description, parameters}`, or with these under `function` as OpenAI's API takes it.

    Raises:
        DataError: A field is missing or of a wrong type.
    """
    inner = record.object("function") if record.has("function") else record
    parameters = inner.object("parameters").values if inner.has("parameters") else {"type": "object", "properties": {}}
    return ToolSpec(inner.text("name").strip(), inner.maybe("description") or "", parameters, source="declared")


# Python


def _functions(source: Source) -> Found:
    """The public functions of a module, or the tools of an environment that a function makes."""
    if ":" in source.name:
        maker = MakerService(function=source.name)
        tools = maker.environment(changes=True).tools()
        return Found(tuple((tool, Place(source.name, None, tool.name)) for tool in tools), maker)
    module = imported(source.name)
    functions = public_functions(module)
    stateful = [one.__name__ for one in functions if "state" in inspect.signature(one).parameters]
    if stateful:
        raise UsageError(
            f"{source.name}.{stateful[0]} has a parameter 'state', which an environment gives: name a function that "
            "makes one, package.module:function"
        )
    if not functions:
        raise DataError("has no public function with a docstring", file=source.name)
    tools = FunctionEnvironment(functions).tools()
    places = [_place_of(one, source.name) for one in functions]
    return Found(
        tuple(zip(tools, places, strict=True)), FunctionsService(module=source.name), notes=_undocumented(module)
    )


def _place_of(function: Callable[..., Any], module: str) -> Place:
    try:
        return Place(inspect.getsourcefile(function) or module, inspect.getsourcelines(function)[1], function.__name__)
    except OSError:
        return Place(module, None, function.__name__)


def _undocumented(module: ModuleType) -> tuple[str, ...]:
    own = [one for one in vars(module).values() if inspect.isfunction(one) and one.__module__ == module.__name__]
    bare = [one.__name__ for one in own if not one.__name__.startswith("_") and not one.__doc__]
    return (f"{module.__name__}: without a docstring and left out: {', '.join(bare)}",) if bare else ()


# MCP


def _mcp(source: Source) -> Found:
    headers, name = dict(source.headers), source.command or source.name
    command = tuple(shlex.split(source.command))
    service = McpService(command=command, url=source.name, headers=headers, variables=source.variables)
    allow_service(service, changes=True)
    try:
        with service.connected() as server:
            tools = tuple(server.tools())
    except DataError as error:
        raise DataError(error.message, file=name) from error
    return Found(
        tuple((tool, Place(name, row)) for row, tool in enumerate(tools, start=1)),
        service.model_copy(update={"tools": tools}),
    )


_READERS: Mapping[Kind, Callable[[Source], Found]] = {
    "openapi": _openapi,
    "jsonl": _jsonl,
    "functions": _functions,
    "mcp": _mcp,
}
