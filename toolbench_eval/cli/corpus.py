# ruff: noqa: D301 - \b in the help keeps the lines of examples apart
"""`evalharness corpus`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from toolbench_eval.cli.options import Json

if TYPE_CHECKING:
    from toolbench_eval.toolset.reading import Kind

app = typer.Typer(help="Your own tools as a corpus.", no_args_is_help=True, rich_markup_mode=None)


class SourceKind(StrEnum):
    """Choices of `--kind`."""

    AUTO = "auto"
    OPENAPI = "openapi"
    MCP = "mcp"
    FUNCTIONS = "functions"
    JSONL = "jsonl"


@app.callback()
def _group() -> None:
    """A single command would otherwise be the group itself."""


@app.command("import")
def import_(  # noqa: PLR0913, PLR0917 - the options are the contract
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the corpus; new or empty.")],
    source: Annotated[
        str,
        typer.Argument(
            help="OpenAPI 3 document or AutoTools file (.json, .yaml), JSONL, address of an MCP server, Python module."
        ),
    ] = "",
    mcp_command: Annotated[
        str, typer.Option("--mcp-command", metavar="'...'", help="Program of an MCP server, in place of SOURCE.")
    ] = "",
    name: Annotated[
        str | None, typer.Option("--name", metavar="N", help="Name of the corpus; else the folder's.")
    ] = None,
    kind: Annotated[SourceKind, typer.Option("--kind", help="How SOURCE is read.")] = SourceKind.AUTO,
    server: Annotated[
        str | None, typer.Option("--server", metavar="URL", help="Base address in place of the document's own.")
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", metavar="NAME=VARIABLE", help="Header of every call, from a variable (repeatable)."),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option("--env", metavar="VARIABLE", help="Variable that the MCP program gets (repeatable)."),
    ] = None,
    licence: Annotated[str, typer.Option("--licence", metavar="L", help="Of the descriptions.")] = "not stated",
    as_json: Json = False,
) -> None:
    """Make a tool corpus of what describes your tools: corpus.toml, tools.jsonl, and who executes the calls.

    Nothing is called; a Python module is imported, and an MCP server asked for its tools. `package.module:function`
    names a function that makes an environment. Keys are not kept: --header and --env name environment variables.

    \b
    Examples:
      evalharness corpus import petstore.yaml --out pets
      evalharness corpus import --mcp-command 'python server.py' --out notes
      evalharness corpus import my_package.tools --out own
    """
    from toolbench_eval.cli.output import TerminalReporter, print_json
    from toolbench_eval.toolset.importing import import_toolset
    from toolbench_eval.toolset.reading import Source

    read_as = None if kind is SourceKind.AUTO else cast("Kind", kind.value)
    described = Source(source, read_as, mcp_command, server, _headers(header or []), tuple(env or ()))
    toolset = import_toolset(described, out, name, licence, TerminalReporter())
    executed = "none" if toolset.service is None else toolset.service.kind
    if as_json:
        print_json({"corpus": toolset.name, "tools": len(toolset.tools), "executed": executed, "folder": str(out)})
    else:
        typer.echo(f"{out}: {len(toolset.tools)} tools, corpus '{toolset.name}'; calls: {executed}")


def _headers(given: list[str]) -> dict[str, str]:
    """Names of headers, each with the variable that holds its value.

    Raises:
        UsageError: One is written otherwise.
    """
    from toolbench_eval.errors import UsageError

    pairs = [text.partition("=") for text in given]
    for name, _, variable in pairs:
        if not name or not variable.isidentifier():
            raise UsageError(f"--header takes NAME=VARIABLE, e.g. X-Api-Key=MY_KEY; found '{name}'")
    return {name: variable for name, _, variable in pairs}
