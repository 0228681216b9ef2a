"""A small web service on 127.0.0.1 for tests of tools: what each path answers is a function, every request is kept.

with HttpService({("GET", "/pets"): lambda request: [1, 2]}) as service:
    ...
    assert service.requests[0].query == {"limit": ["3"]}
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes out, where it is not just a JSON value."""

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] | None = None


Answer = Callable[[Request], Any]


class HttpService:
    """The service; a context manager. Paths that it does not know are 404."""

    def __init__(self, routes: Mapping[tuple[str, str], Answer]) -> None:
        self.routes = dict(routes)
        self.requests: list[Request] = []
        self.released = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def __enter__(self) -> HttpService:
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has read enough is no fault of the test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: HttpService

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, parse_qs(parts.query, keep_blank_values=True), headers, body)
        self.service.requests.append(request)
        answer = self.service.routes.get((self.command, parts.path))
        reply = Reply(404, b'{"message": "nothing here"}') if answer is None else answer(request)
        if not isinstance(reply, Reply):
            reply = Reply(content=json.dumps(reply).encode())
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **(reply.headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        self.wfile.write(reply.content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 - the names that the standard library looks for

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: `HttpService.requests` is the log."""
