"""Tool files of ATC and AutoTools."""

from __future__ import annotations

from typing import Any

import pytest

from toolbench_eval.environments.operations import Place
from toolbench_eval.environments.tool_files import read_tool_file
from toolbench_eval.errors import DataError


def endpoint(**more: Any) -> dict[str, Any]:
    return {"method": "GET", "name": "GET_it", "description": " It. ", "url": "https://a.example/v1/it", **more}


def document(*endpoints: dict[str, Any], url: str = "https://a.example/v1/") -> dict[str, Any]:
    return {"servers": [{"url": url}], "headers": {"key": "<key>"}, "endpoints": list(endpoints)}


def parameter(name: str, where: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "schema": {"type": "String", **schema}, "description": f"The {name}."}


def test_an_endpoint_becomes_a_tool() -> None:
    parameters = [parameter("id", "query"), parameter("page", "query", default="1"), parameter("sort", "required")]
    (one,) = read_tool_file(
        document(endpoint(url="https://a.example/v1/it/{id}/{part}", parameters=parameters, response=[{"n": 1}]))
    )
    assert (one.tool.name, one.tool.description, one.tool.source) == ("GET_it", "It.", "GET /it/{id}/{part}")
    assert one.places == {
        "id": Place("path", "id"),
        "page": Place("query", "page"),
        "sort": Place("query", "sort"),
        "part": Place("path", "part"),
    }
    assert one.tool.required == ("id", "sort", "part")
    assert one.tool.properties["page"] == {"type": "string", "default": "1", "description": "The page."}
    assert one.tool.returns == {
        "type": "array",
        "items": {"type": "object", "properties": {"n": {"type": "integer"}}},
    }
    assert one.example == [{"n": 1}]


def test_what_is_not_optional_is_required_in_a_file_that_marks_what_is() -> None:
    first = endpoint(
        parameters=[parameter("q", "query"), parameter("n", "query", default=1), parameter("l", "optional")]
    )
    second = endpoint(name="GET_other", params=[parameter("q", "query")])
    assert [one.tool.required for one in read_tool_file(document(first, second))] == [("q",), ("q",)]
    assert read_tool_file(document(second))[0].tool.required == ()


def test_required_as_text_and_a_fragment_of_openapi() -> None:
    reply = {"content": {"application/json": {"schema": {"type": "object"}, "example": {"a": 1}}}}
    body = {"content": {"application/json": {"schema": {"properties": {"ids": {"type": "array"}}}}}}
    given = [{**parameter("a", "query"), "required": "true"}, {**parameter("b", "query"), "required": "false"}]
    (one,) = read_tool_file(document(endpoint(method="put", parameters=given, responses=reply, requestBody=body)))
    assert (one.tool.required, one.tool.mutating) == (("a",), True)
    assert (one.tool.returns, one.example) == ({"type": "object"}, {"a": 1})
    assert one.places["ids"] == Place("body", "ids")


def test_a_server_without_scheme_and_an_address_without_server() -> None:
    found = read_tool_file(document(endpoint(), endpoint(name="GET_b", url="/b"), url="a.example/v1"))
    assert [(one.tool.url, one.tool.source) for one in found] == [
        ("https://a.example/v1/it", "GET /it"),
        ("https://a.example/v1/b", "GET /b"),
    ]


@pytest.mark.parametrize(
    "given", [{}, {"endpoints": {}}, {"endpoints": [{"name": "x"}]}, {"endpoints": [endpoint(parameters=["q"])]}]
)
def test_what_is_no_tool_file_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="endpoints"):
        read_tool_file(given)
