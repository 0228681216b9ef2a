"""Tool files of ATC and AutoTools as operations of HTTP services.

An object with `servers` and `endpoints`; each endpoint has `method`, `url`, `name`, `description`, `parameters` (in one
file `params`), `response` or `responses` (an example or a fragment of OpenAPI), perhaps `requestBody`. `in` also takes
the values `optional` and `required`, which say nothing of the place, and variables of the path are often listed as
parameters of the query or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from toolbench_eval.environments.base import Json
from toolbench_eval.environments.openapi import read_response
from toolbench_eval.environments.operations import Operation, OperationBuilder
from toolbench_eval.environments.schemas import schema_of, truth
from toolbench_eval.errors import DataError


def read_tool_file(document: Mapping[str, Any]) -> list[Operation]:
    """The operations of a tool file, in its order.

    A parameter is required where the file says so, and, in a file that marks some as optional, where it is not marked
    and has no default. A tool's `source` is `METHOD /path` below the server.

    Raises:
        DataError: It is no tool file.
    """
    endpoints = document.get("endpoints")
    if not isinstance(endpoints, list):
        raise DataError("must be a list", field="endpoints")
    base = _base(document)
    for row, endpoint in enumerate(endpoints, start=1):
        if not isinstance(endpoint, Mapping) or not all(isinstance(one, Mapping) for one in _parameters(endpoint)):
            raise DataError("must be an object with a list of parameters", row=row, field="endpoints")
    marked = any(parameter.get("in") == "optional" for endpoint in endpoints for parameter in _parameters(endpoint))
    found = []
    for row, endpoint in enumerate(endpoints, start=1):
        try:
            found.append(_operation(endpoint, base, marked))
        except KeyError as error:
            raise DataError(f"lacks {error}", row=row, field="endpoints") from error
    return found


def _operation(endpoint: Mapping[str, Any], base: str, marked: bool) -> Operation:
    method, url = str(endpoint["method"]).upper(), str(endpoint["url"]).strip()
    url = url if urlsplit(url).scheme else f"{base}/{url.lstrip('/')}"
    builder = OperationBuilder(method, url)
    for parameter in _parameters(endpoint):
        where = parameter.get("in", "query")
        unmarked = marked and where == "query" and "default" not in (parameter.get("schema") or {})
        required = where == "required" or (truth(parameter["required"]) if "required" in parameter else unmarked)
        builder.parameter(parameter, where, required)
    builder.request_body(endpoint.get("requestBody"))
    returns, example = _reply(endpoint.get("response", endpoint.get("responses")))
    path = url.removeprefix(base) if base else urlsplit(url).path
    description = str(endpoint.get("description", "")).strip()
    return builder.build(endpoint["name"], description, f"{method} {path}", returns, example)


def _parameters(endpoint: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return endpoint.get("parameters") or endpoint.get("params") or []


def _reply(response: Json) -> tuple[dict[str, Any] | None, Json]:
    if response is None:
        return None, None
    if isinstance(response, Mapping) and isinstance(response.get("content"), Mapping):
        return read_response(response)
    return schema_of(response), response


def _base(document: Mapping[str, Any]) -> str:
    servers = document.get("servers") or [{}]
    address = str(servers[0].get("url", "")).rstrip("/")
    return address if not address or urlsplit(address).scheme in {"http", "https"} else f"https://{address}"
