"""A web server on 127.0.0.1 that runs in a thread of the test; what it answers is up to its handler.

class _Handler(LocalHandler):
    def do_GET(self) -> None:
        self.send(200, {}, self.owner.text)
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class LocalServer:
    """A context manager; opened again, it has the same port.

    Attributes:
        port: 0 until it is open.
        released: Set when it closes, for handlers that keep a client waiting.
    """

    def __init__(self, handler: type[LocalHandler]) -> None:
        self._handler = handler
        self.port = 0
        self.released = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def __enter__(self) -> Self:
        self.released.clear()
        handler = type("Handler", (self._handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class LocalHandler(BaseHTTPRequestHandler):
    """Answers one client; `owner` is the server that was opened."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Any

    def send(self, status: int, headers: Mapping[str, str], body: bytes, *, announced: int | None = None) -> None:
        """Send a reply; `announced` is the length that its header tells, where that is not the body's."""
        length = len(body) if announced is None else announced
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.wfile.flush()

    def hang_up(self) -> None:
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the server keeps what it was asked."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has read enough, gave up waiting or was killed is no fault of the test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
