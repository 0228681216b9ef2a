"""OpenAPI 3 documents as operations of HTTP services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from toolbench_eval.environments.base import Json
from toolbench_eval.environments.operations import Operation, OperationBuilder
from toolbench_eval.environments.schemas import References, plain_schema, truth
from toolbench_eval.errors import DataError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_NAME = re.compile(r"[^A-Za-z0-9_-]+")


def read_openapi(document: Mapping[str, Any], server: str | None = None) -> list[Operation]:
    """The operations of a document, in its order.

    A tool's name is the operation's id where it has one, else method and path joined by underscores; its `source` is
    `METHOD /path` as the document declares it.

    Args:
        document: OpenAPI 3.0 or 3.1 as JSON values; references lead into the document itself.
        server: Base address in place of the document's own.

    Raises:
        DataError: It is no such document, refers elsewhere, or names no server that can be reached.
    """
    if not str(document.get("openapi", "")).startswith("3.") or not isinstance(document.get("paths"), Mapping):
        raise DataError("not an OpenAPI 3 document", field="openapi")
    references = References(document)
    operations: dict[str, Operation] = {}
    for path, method, item, operation in _operations(document, references):
        name = _name(operation.get("operationId"), method, path, operations)
        base = server or _server(operation, item, document)
        operations[name] = _operation(name, f"{base.rstrip('/')}{path}", path, method, item, operation)
    return list(operations.values())


def path_name(method: str, path: str) -> str:
    """A name made of method and path: `GET_movie_movie_id_keywords`."""
    return "_".join([method.upper(), *filter(None, re.split(r"[^A-Za-z0-9]+", path))])


def _operations(
    document: Mapping[str, Any], references: References
) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    for path, raw in document["paths"].items():
        item = references.resolved(raw)
        if not isinstance(item, Mapping):
            raise DataError(f"the path '{path}' must be an object", field="paths")
        for method in METHODS:
            if isinstance(item.get(method), Mapping):
                yield path, method, item, item[method]


def _name(given: Json, method: str, path: str, taken: Mapping[str, Operation]) -> str:
    name = _NAME.sub("_", str(given or "")).strip("_") or path_name(method, path)
    name = path_name(method, path) if name in taken else name
    if name in taken:
        raise DataError(f"two operations are called '{name}'", field="operationId")
    return name


def _server(*places: Mapping[str, Any]) -> str:
    """The first server of the most special place that names one, its variables at their defaults."""
    for place in places:
        for server in place.get("servers") or ():
            address = str(server.get("url", ""))
            for name, variable in (server.get("variables") or {}).items():
                address = address.replace(f"{{{name}}}", str(variable.get("default", "")))
            if urlsplit(address).scheme not in {"http", "https"}:
                raise DataError(f"'{address}' is no full address; name the server yourself", field="servers")
            return address
    raise DataError("names no server; name it yourself", field="servers")


def _operation(
    name: str, url: str, path: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any]
) -> Operation:
    builder = OperationBuilder(method.upper(), url)
    # A parameter of the operation takes the place of the path's parameter of the same name and place.
    parameters = {
        (one.get("in"), one.get("name")): one
        for one in [*(item.get("parameters") or ()), *(operation.get("parameters") or ())]
        if "name" in one
    }
    for (where, _), parameter in parameters.items():
        builder.parameter(_with_schema(parameter), str(where), truth(parameter.get("required")))
    builder.request_body(operation.get("requestBody"))
    told = [str(operation[key]).strip() for key in ("summary", "description") if operation.get(key)]
    returns, example = read_response(_success(operation.get("responses") or {}))
    tag = next((str(one) for one in operation.get("tags") or () if one), "")
    return builder.build(name, "\n".join(dict.fromkeys(told)), f"{method.upper()} {path}", returns, example, tag)


def _with_schema(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameter with its schema, which a `content` may hold instead."""
    if "schema" in parameter or not parameter.get("content"):
        return parameter
    return {**parameter, "schema": next(iter(parameter["content"].values())).get("schema")}


def _success(responses: Mapping[str, Any]) -> Mapping[str, Any]:
    for status, response in responses.items():
        if str(status).startswith("2") and isinstance(response, Mapping):
            return response
    return {}


def read_response(response: Mapping[str, Any]) -> tuple[dict[str, Any] | None, Json]:
    """Schema and example of a response object, None for what it does not say."""
    for media, content in (response.get("content") or {}).items():
        if "json" in media and isinstance(content, Mapping):
            schema = plain_schema(content["schema"]) if content.get("schema") else None
            examples = [
                one.get("value") for one in (content.get("examples") or {}).values() if isinstance(one, Mapping)
            ]
            return schema, content.get("example", examples[0] if examples else None)
    return None, None
