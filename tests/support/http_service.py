"""A small web service on 127.0.0.1 for tests of tools: what each path answers is a function, every request is kept.

with HttpService({("GET", "/pets"): lambda request: [1, 2]}) as service:
    ...
    assert service.requests[0].query == {"limit": ["3"]}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.local_server import LocalHandler, LocalServer


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


class HttpService(LocalServer):
    """The service; a context manager. Paths that it does not know are 404."""

    def __init__(self, routes: Mapping[tuple[str, str], Answer]) -> None:
        super().__init__(_Handler)
        self.routes = dict(routes)
        self.requests: list[Request] = []


class _Handler(LocalHandler):
    owner: HttpService

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, parse_qs(parts.query, keep_blank_values=True), headers, body)
        self.owner.requests.append(request)
        answer = self.owner.routes.get((self.command, parts.path))
        reply = Reply(404, b'{"message": "nothing here"}') if answer is None else answer(request)
        if not isinstance(reply, Reply):
            reply = Reply(content=json.dumps(reply).encode())
        self.send(reply.status, {"Content-Type": "application/json", **(reply.headers or {})}, reply.content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 - the names that the standard library looks for
