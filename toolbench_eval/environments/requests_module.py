"""A `requests` module for programs in the sandbox: addresses become calls of tools, and nothing is ever sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from toolbench_eval.environments.base import ErrorKind, Json, ToolResult, ToolSpec, canonical, json_or_text, shown
from toolbench_eval.environments.functions import as_json
from toolbench_eval.environments.toolbox import ToolError
from toolbench_eval.environments.url_templates import UrlTemplates, typed

METHODS = ("get", "post", "put", "delete", "patch", "head", "options")
LARGEST = 1_000_000
"""Characters of one request."""
KEYS = ("api_key", "apikey", "access_token")
"""Parameters by which programs hand over a key; keys are ours to send."""
_STATUS: dict[ErrorKind | None, int] = {
    None: 200,
    "too_large": 200,
    "unknown_tool": 404,
    "miss": 404,
    "malformed_arguments": 400,
    "invalid_arguments": 400,
    "unauthorized": 401,
    "refused": 403,
    "rate_limited": 429,
    "call_limit": 429,
    "tool_error": 500,
    "unavailable": 503,
    "timeout": 504,
}
_ERRORS = re.compile(
    r"\brequests\.(?:exceptions\.)?"
    r"(?:RequestException|HTTPError|ConnectionError|Timeout|ConnectTimeout|ReadTimeout|TooManyRedirects|InvalidURL)\b"
)


class Fault(Exception):  # noqa: N818 - it carries an error
    """An exception for the program to catch; any other one is ours, and ends the run."""

    def __init__(self, error: Exception) -> None:
        """Set what the program gets."""
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Response:
    """A reply as `requests` gives it."""

    status_code: int
    text: str
    url: str
    reason: str
    body: Json

    @property
    def ok(self) -> bool:
        """Whether it is no error."""
        return self.status_code < 400

    @property
    def content(self) -> bytes:
        """The text as bytes."""
        return self.text.encode("utf-8", "replace")

    def json(self) -> Json:
        """The body as a JSON value; JSONDecodeError where it is text."""
        return json.loads(self.text) if isinstance(self.body, str) else self.body

    def raise_for_status(self) -> None:
        """Raise OSError, which requests' own errors are, where it is an error."""
        if not self.ok:
            raise OSError(f"{self.status_code} Error: {self.reason} for url: {self.url}")


class RequestsModule:
    """Finds the tool of each address and calls it.

    An address of no tool is a call of an unknown tool whose name is `METHOD address`, and gives a 404. Headers and
    keys of the program are not looked at.
    """

    def __init__(self, tools: Sequence[ToolSpec], call: Callable[[str, Mapping[str, Any]], ToolResult]) -> None:
        """Take the tools, and how they are called."""
        self._templates, self._call = UrlTemplates(tools, ignored=KEYS), call

    @cached_property
    def module(self) -> Any:
        """The module for the interpreter; its functions are answered by `answer`."""
        from pydantic_monty import ExternalModule

        return ExternalModule(dict.fromkeys((*METHODS, "request"), _never))

    def answer(self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """What `requests.<function>(*args, **kwargs)` returns.

        Raises:
            Fault: There is no address, or the arguments are no JSON values.
        """
        from pydantic_monty import ClassInstance

        try:
            name, arguments, url = self._read(function, list(args), kwargs)
        except (ToolError, RecursionError, TypeError, ValueError) as error:
            raise Fault(TypeError(f"requests.{function}() cannot be read: {error}")) from None
        response = _response(self._call(name, arguments), url)
        eager = ("status_code", "text", "url", "reason", "ok", "content")
        return ClassInstance(response, eager_attrs=eager, allowed_methods=("json", "raise_for_status"))

    def _read(self, function: str, given: list[Any], kwargs: Mapping[str, Any]) -> tuple[str, dict[str, Any], str]:
        """The tool's name, the arguments, and the address."""
        method = function if function in METHODS else str(kwargs.get("method") or (given.pop(0) if given else ""))
        url = str(kwargs.get("url") or (given.pop(0) if given else ""))
        if not url:
            raise TypeError("there is no address")
        # The second place is the query of a `get`, and the body of the others.
        second = given[0] if given else None
        params = kwargs.get("params") or (second if method.lower() == "get" else None)
        body = kwargs.get("json") or kwargs.get("data") or (second if method.lower() != "get" else None)
        asked = as_json({"url": url, "params": dict(params or {}), "body": _read_body(body)})
        if len(canonical(asked)) > LARGEST:
            raise ValueError(f"more than {LARGEST} characters")
        name, arguments = self._tool(method.upper(), asked["url"], asked["params"], asked["body"])
        return name, arguments, asked["url"]

    def _tool(self, method: str, url: str, params: dict[str, Any], body: Any) -> tuple[str, dict[str, Any]]:
        match = self._templates.match(method, url)
        if match is None:
            return f"{method} {url}", params
        properties = match.tool.properties
        arguments = dict(match.arguments)
        for name, value in params.items():
            if name not in KEYS and value is not None:
                arguments[name] = typed(value, properties.get(name, {})) if isinstance(value, str) else value
        if isinstance(body, Mapping) and "body" not in properties:
            arguments |= {f"body_{name}" if f"body_{name}" in properties else name: one for name, one in body.items()}
        elif body is not None:
            arguments["body"] = body
        return match.tool.name, arguments


def plain_errors(program: str) -> str:
    """The program with `requests`' exceptions as OSError, which they are: no class can be handed in."""
    return _ERRORS.sub("OSError", program) if "requests" in program else program


def _response(result: ToolResult, url: str) -> Response:
    status, body = _STATUS[result.error], result.value
    if result.failed and isinstance(body, Mapping) and isinstance(body.get("status"), int) and "body" in body:
        status, body = body["status"], body["body"]
    text = "" if body is None else shown(body)
    return Response(status, text, url, "OK" if status < 400 else str(result.error), body)


def _read_body(body: Any) -> Any:
    """The body; text that is JSON, as programs make it themselves, as its value."""
    return json_or_text(body) if isinstance(body, str) else body


def _never(*args: Any, **kwargs: Any) -> None:
    raise NotImplementedError("calls are answered one by one")
