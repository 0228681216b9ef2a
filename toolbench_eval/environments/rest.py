"""Operations over real HTTP: allow-listed hosts, declared operations, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from toolbench_eval.environments.base import (
    Arguments,
    ErrorKind,
    Json,
    ToolResult,
    ToolSpec,
    answer,
    failure,
)
from toolbench_eval.environments.operations import READING, Operation, with_query
from toolbench_eval.environments.toolbox import Toolbox, ToolError
from toolbench_eval.errors import UsageError

if TYPE_CHECKING:
    import httpx

INSTALL = "tools over HTTP need httpx: pip install 'toolbench-eval[agents]'"
REDIRECTS = 5
SECRET = 6
"""Characters from which on the value of a header or a parameter of ours is taken out of what services say."""
_KINDS: dict[int, ErrorKind] = {401: "unauthorized", 403: "unauthorized", 408: "timeout", 429: "rate_limited"}
_PORTS = {"http": 80, "https": 443}


class RestEnvironment:
    """A live HTTP service. Its state is not in our hands: a reset does not undo what was changed.

    Only declared operations are sent, only to allow-listed hosts, and only those that read unless `mutating` is set.
    A redirect is followed within the same host. Proxies and passwords of the surroundings are not used.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        hosts: Collection[str],
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        mutating: bool = False,
        seconds: float = 30.0,
        size: int = 2_000_000,
    ) -> None:
        """Set what may be asked; nothing is sent yet.

        Args:
            operations: From `read_openapi` or `read_tool_file`.
            hosts: Hosts that may be contacted: `api.example.org` on the usual port, or `127.0.0.1:8080`.
            headers: Sent with every request, e.g. a key; no argument can set them, and their values are taken out of
                replies.
            query: Parameters of every request, likewise.
            mutating: Whether operations that change something may be sent.
            seconds: Time of one call.
            size: Bytes that are read of one reply.

        Raises:
            UsageError: An operation is on a host that is not allowed.
            DataError: Two operations have the same name, or a schema is none.
        """
        self._hosts = {host.strip().lower() for host in hosts}
        self._headers, self._query = dict(headers or {}), dict(query or {})
        given = {name.lower() for name in self._headers} | set(self._query)
        self._operations = {one.tool.name: one for one in (_without(each, given) for each in operations)}
        self._mutating, self._seconds, self._size = mutating, seconds, size
        self._box = Toolbox(one.tool for one in self._operations.values())
        strange = {urlsplit(tool.url).netloc for tool in self._box.tools if not self._allowed(urlsplit(tool.url))}
        if strange:
            raise UsageError(f"operations are on hosts that are not allowed: {', '.join(sorted(strange))}")

    def tools(self) -> Sequence[ToolSpec]:
        """A tool for each operation, those that may not be sent included."""
        return self._box.tools

    def call(self, name: str, arguments: Arguments) -> ToolResult:
        """Send a request; an HTTP error is a result with its body."""
        return self._box.call(name, arguments, self._run, "live")

    def reset(self) -> None:
        """Forget cookies; the service itself cannot be set back."""
        self.close()

    def snapshot(self) -> Json:
        """None: the state of a live service is not known."""
        return None

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections."""
        self.close()

    def _run(self, tool: ToolSpec, arguments: dict[str, Any]) -> ToolResult:
        if tool.mutating and not self._mutating:
            raise ToolError(f"{tool.method} requests change something and are not allowed here", "refused")
        import httpx

        operation = self._operations[tool.name]
        headers = operation.headers(arguments) | self._headers
        content = operation.content(arguments)
        if content is not None:
            headers["Content-Type"] = content[1]
        try:
            request = self._client.build_request(
                tool.method,
                with_query(operation.address(arguments), self._query.items()),
                headers=headers,
                content=None if content is None else content[0],
            )
            return self._sent(request)
        except httpx.TimeoutException as error:
            raise ToolError(f"no reply within {self._seconds:g} s", "timeout") from error
        except (httpx.LocalProtocolError, UnicodeEncodeError) as error:
            raise ToolError(f"this cannot be sent: {self._censored(str(error))}", "invalid_arguments") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ToolError(f"the service cannot be reached: {self._censored(str(error))}", "unavailable") from error

    def _sent(self, request: httpx.Request) -> ToolResult:
        deadline = time.monotonic() + self._seconds
        for _ in range(REDIRECTS + 1):
            if not self._allowed(urlsplit(str(request.url))):
                raise ToolError(f"the host {request.url.netloc.decode()} is not allowed", "refused")
            response = self._client.send(request, stream=True)
            try:
                target = response.headers.get("location") if 300 <= response.status_code < 400 else None
                if target is None:
                    return self._read(response, deadline)
            finally:
                response.close()
            request = self._redirected(request, response, target)
        raise ToolError(f"more than {REDIRECTS} redirects", "unavailable")

    def _redirected(self, request: httpx.Request, response: httpx.Response, target: str) -> httpx.Request:
        here, there = urlsplit(str(request.url)), urlsplit(urljoin(str(request.url), target))
        safe = there.hostname == here.hostname and there.scheme in {here.scheme, "https"}
        if not safe or not self._allowed(there):
            raise ToolError(f"the service redirects to {there.netloc}, which is not allowed", "refused")
        kept = response.status_code in {307, 308} or request.method in READING
        dropped = {"host"} if kept else {"host", "content-type", "content-length", "transfer-encoding"}
        return self._client.build_request(
            request.method if kept else "GET",
            there.geturl(),
            headers={name: value for name, value in request.headers.items() if name not in dropped},
            content=request.content if kept and request.content else None,
        )

    def _read(self, response: httpx.Response, deadline: float) -> ToolResult:
        content, whole = b"", True
        for chunk in response.iter_bytes():
            content += chunk
            whole = len(content) <= self._size
            if not whole:
                break
            if time.monotonic() > deadline:
                raise ToolError(f"no whole reply within {self._seconds:g} s", "timeout")
        kind = response.headers.get("content-type", "")
        body = self._body(content[: self._size], kind, response.encoding or "utf-8")
        status = response.status_code
        if status >= 400:
            value = {"status": status, "error": response.reason_phrase, "body": body}
            return failure(_kind(status), "", "live", value)
        if not whole:
            text = f"{body}\n[cut: {self._size} bytes are shown]"
            return ToolResult("cut", text, text, "too_large", "live")
        return answer(body, "live", f"(empty reply, HTTP {status})" if not content else None)

    def _body(self, content: bytes, kind: str, encoding: str) -> Json:
        if not content:
            return None
        try:
            text = content.decode(encoding, "replace")
        except LookupError:
            text = content.decode("utf-8", "replace")
        if "\0" in text:
            return f"[{len(content)} bytes of {kind or 'data'}]"
        text = self._censored(text)
        if "json" in kind or text.lstrip().startswith(("{", "[")):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                return text
        return text

    def _censored(self, text: str) -> str:
        for value in {*self._headers.values(), *self._query.values()}:
            for secret in (value, value.rpartition(" ")[2]):
                if len(secret) >= SECRET:
                    text = text.replace(secret, "***")
        return text

    def _allowed(self, url: SplitResult) -> bool:
        try:
            port = url.port or _PORTS.get(url.scheme)
        except ValueError:
            return False
        if url.scheme not in _PORTS or url.hostname is None or url.username is not None:
            return False
        usual = port == _PORTS[url.scheme]
        return f"{url.hostname}:{port}" in self._hosts or (usual and url.hostname in self._hosts)

    @cached_property
    def _client(self) -> httpx.Client:
        try:
            import httpx
        except ImportError:
            raise UsageError(INSTALL) from None
        # `trust_env`: a proxy or a .netrc of the surroundings would bring other hosts and passwords into play.
        return httpx.Client(timeout=self._seconds, follow_redirects=False, trust_env=False)


def _kind(status: int) -> ErrorKind:
    return _KINDS.get(status, "timeout" if status == 504 else "unavailable" if status >= 500 else "tool_error")


def _without(operation: Operation, given: Collection[str]) -> Operation:
    """The operation without the arguments that every request has already."""
    hidden = {
        argument
        for argument, place in operation.places.items()
        if (place.where == "header" and place.name.lower() in given) or (place.where == "query" and place.name in given)
    }
    if not hidden:
        return operation
    parameters = dict(operation.tool.parameters)
    parameters["properties"] = {name: one for name, one in operation.tool.properties.items() if name not in hidden}
    parameters["required"] = [name for name in operation.tool.required if name not in hidden]
    return replace(operation, tool=replace(operation.tool, parameters=parameters))
