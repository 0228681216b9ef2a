"""Any MCP server as an environment, through the official SDK (Model Context Protocol, modelcontextprotocol.io).

The SDK is asynchronous; a connection lives in one thread of its own, and calls wait for it.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from toolbench_eval.environments.base import (
    Arguments,
    ErrorKind,
    Json,
    ToolResult,
    ToolSpec,
    answer,
    failure,
    json_or_text,
)
from toolbench_eval.environments.toolbox import Toolbox, ToolError
from toolbench_eval.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult, Tool

INSTALL = "MCP servers need the MCP SDK: pip install 'toolbench-eval[agents]'"
PAGES = 100
"""Pages of the list of tools that are read; a list without end is no list."""
GRACE = 5.0
"""Seconds that a session has beyond its own bound of time."""
SAID = 500
"""Characters of what a server wrote on stderr that an error repeats."""


@dataclass(frozen=True)
class McpProgram:
    """A server that is started as a process and spoken to over its standard input and output.

    Attributes:
        command: Program.
        arguments: Its arguments.
        environment: Variables that it gets beside the harmless ones (PATH, HOME, ...); others are not passed on.
        folder: Where it runs.
    """

    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None


@dataclass(frozen=True)
class McpAddress:
    """A server behind an address (streamable HTTP).

    Attributes:
        url: Its address; redirects are followed within it only.
        headers: Sent with every request, e.g. a key.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class McpEnvironment:
    """The tools of one server. Close it, or use it in `with`.

    The server may not ask for anything itself: it is offered no sampling, no elicitation and no roots. A reset begins a
    new session, which for a program is a new process.
    """

    def __init__(self, server: McpProgram | McpAddress, *, seconds: float = 60.0, connect: float = 30.0) -> None:
        """Connect and ask for the tools.

        Args:
            server: Which one.
            seconds: Time of one call.
            connect: Time to connect.

        Raises:
            UsageError: The SDK is not installed.
            OutsideError: The server cannot be reached, or does not answer in time.
            DataError: A schema is none.
        """
        self._server, self._seconds, self._connect = server, seconds, connect
        self._connection = _Connection(server, connect)
        try:
            self._box = Toolbox(_spec(tool) for tool in self._connection.tools)
        except Exception:
            self.close()
            raise

    def tools(self) -> Sequence[ToolSpec]:
        """The tools that the server named when it was first asked."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Call a tool; a server that is gone or does not answer gives an error."""
        return self._box.call(name, arguments, self._run, "live")

    def reset(self) -> None:
        """Begin a new session.

        Raises:
            OutsideError: The server cannot be reached any more.
        """
        self.close()
        self._connection = _Connection(self._server, self._connect)

    def snapshot(self) -> Json:
        """None: the state of a server is not known."""
        return None

    def close(self) -> None:
        """End the session, and the process."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the session."""
        self.close()

    def _run(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        result = self._connection.call(tool.name, arguments, self._seconds)
        text = "\n".join(_text(part) for part in result.content)
        if result.is_error:
            return failure("tool_error", text or "the tool failed", "live")
        return answer(_value(result.structured_content, text), "live", text)


class _Connection:
    """A session with a server, in a thread with an event loop of its own."""

    def __init__(self, server: McpProgram | McpAddress, seconds: float) -> None:
        try:
            import mcp  # noqa: F401 - here, so that its absence is told to the caller and not to the thread
        except ImportError:
            raise UsageError(INSTALL) from None
        self._server, self._seconds = server, seconds
        self._errors: TextIO = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed by `close`
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._listed: Future[list[Tool]] = Future()
        self._thread = threading.Thread(target=self._run, daemon=True, name="mcp")
        self._thread.start()
        try:
            self.tools = self._listed.result()
        except BaseException:
            self.close()
            raise

    def call(self, name: str, arguments: dict[str, Any], seconds: float) -> CallToolResult:
        """The SDK's result of a call.

        Raises:
            ToolError: There is none.
        """
        from mcp import MCPError
        from mcp.types import CONNECTION_CLOSED, REQUEST_TIMEOUT

        kinds: dict[int, ErrorKind] = {CONNECTION_CLOSED: "unavailable", REQUEST_TIMEOUT: "timeout"}
        if not self._thread.is_alive():
            raise ToolError("the server is gone", "unavailable")
        asked = asyncio.run_coroutine_threadsafe(
            self._client.call_tool(name, arguments, read_timeout_seconds=seconds), self._loop
        )
        try:
            # The SDK keeps the time itself; the second bound is for a session that is stuck.
            return asked.result(timeout=seconds + GRACE)
        except TimeoutError as error:
            asked.cancel()
            raise ToolError(f"no reply within {seconds:g} s", "timeout") from error
        except MCPError as error:
            raise ToolError(str(error), kinds.get(error.code, "tool_error")) from error
        except Exception as error:  # a broken pipe, a stream that is closed ...: the server is gone
            raise ToolError(f"the server cannot be reached: {error!r}", "unavailable") from error

    def close(self) -> None:
        """End the session; the SDK ends the process."""
        with suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=15)
        self._errors.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._live())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits, or else the session has ended anyway
            if not self._listed.done():
                self._listed.set_exception(self._unreachable(error))

    async def _live(self) -> None:
        """Be connected until `close`; entering and leaving must happen in one task."""
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(self._seconds):
                self._client = await stack.enter_async_context(await self._made(stack))
                tools = await self._all_tools()
            self._listed.set_result(tools)
            await self._stop.wait()

    async def _made(self, stack: AsyncExitStack) -> Client:
        from mcp import Client, StdioServerParameters, stdio_client

        server = self._server
        if isinstance(server, McpProgram):
            parameters = StdioServerParameters(
                command=server.command, args=list(server.arguments), env=dict(server.environment), cwd=server.folder
            )
            return Client(stdio_client(parameters, errlog=self._errors), cache=None)
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        timeout = httpx2.Timeout(self._seconds, read=None)
        http = await stack.enter_async_context(httpx2.AsyncClient(headers=dict(server.headers), timeout=timeout))
        return Client(streamable_http_client(server.url, http_client=http), cache=None)

    async def _all_tools(self) -> list[Tool]:
        tools: list[Tool] = []
        cursor = None
        for _ in range(PAGES):
            page = await self._client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        return tools

    def _unreachable(self, error: BaseException) -> OutsideError:
        inner: BaseException = error
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        late = isinstance(inner, TimeoutError)
        what = f"no answer within {self._seconds:g} s" if late else f"{type(inner).__name__}: {inner}"
        self._errors.seek(0)
        said = self._errors.read()[-SAID:].strip()
        who = self._server.command if isinstance(self._server, McpProgram) else self._server.url
        return OutsideError(
            f"the MCP server {who} cannot be reached ({what})" + (f"; it wrote: {said}" if said else "")
        )


def _spec(tool: Tool) -> ToolSpec:
    hints = tool.annotations
    return ToolSpec(
        name=tool.name,
        description=tool.description or "",
        parameters=tool.input_schema,
        returns=tool.output_schema,
        mutating=not (hints is not None and hints.read_only_hint),
        source="mcp",
    )


def _value(structured: Json, text: str) -> Json:
    """The structured value; where the SDK's servers wrap a value that is no object, that value."""
    if structured is None:
        return json_or_text(text)
    wrapped = isinstance(structured, dict) and structured.keys() == {"result"} and json_or_text(text) != structured
    return structured["result"] if wrapped else structured


def _text(part: Any) -> str:
    """Text of a part of a reply; what is no text is named."""
    if part.type == "text":
        return str(part.text)
    if part.type == "resource" and hasattr(part.resource, "text"):
        return str(part.resource.text)
    return f"[{part.type} {getattr(part, 'mime_type', None) or getattr(part, 'uri', '')}]".replace(" ]", "]")
