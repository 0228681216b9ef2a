"""Which tool an address belongs to."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.url_templates import UrlTemplates, typed

BASE = "https://api.example/3"


def tool(path: str, method: str = "GET", **properties: object) -> ToolSpec:
    schema = {"type": "object", "properties": properties}
    return ToolSpec(
        f"{method} {path}", parameters=schema, method=method, url=f"{BASE}{path}", source=f"{method} {path}"
    )


TEMPLATES = UrlTemplates(
    [
        tool("/movie/{movie_id}", movie_id={"type": "integer"}),
        tool("/movie/{movie_id}/images", movie_id={"type": "integer"}),
        tool("/movie/top_rated", page={"type": "integer"}, adult={"type": "boolean"}, ids={"type": "array"}),
        tool("/{kind}/top_rated"),
        tool("/movie/{movie_id}.json"),
        tool("/movie/{movie_id}", "DELETE"),
        tool("/find/{id}/"),
        ToolSpec("no address"),
    ],
    ignored=["api_key"],
)


@pytest.mark.parametrize(
    ("method", "url", "name", "arguments"),
    [
        ("GET", f"{BASE}/movie/top_rated", "GET /movie/top_rated", {}),
        ("get", f"{BASE}/movie/17", "GET /movie/{movie_id}", {"movie_id": 17}),
        ("GET", f"{BASE}/movie/17.json", "GET /movie/{movie_id}.json", {"movie_id": "17"}),
        ("GET", f"{BASE}/tv/top_rated", "GET /{kind}/top_rated", {"kind": "tv"}),
        ("GET", f"{BASE}/movie/17/images", "GET /movie/{movie_id}/images", {"movie_id": 17}),
        ("GET", f"{BASE}/movie/a%2Fb", "GET /movie/{movie_id}", {"movie_id": "a/b"}),
        ("DELETE", f"{BASE}/movie/17/", "DELETE /movie/{movie_id}", {"movie_id": "17"}),
        ("GET", "https://API.example/3/find/x", "GET /find/{id}/", {"id": "x"}),
        ("GET", "/movie/17", "GET /movie/{movie_id}", {"movie_id": 17}),
        ("GET", "/3/movie/17", "GET /movie/{movie_id}", {"movie_id": 17}),
        (
            "GET",
            f"{BASE}/movie/top_rated?page=2&adult=True&ids=1,2&ids=3&api_key=k&x=",
            "GET /movie/top_rated",
            {"page": 2, "adult": True, "ids": ["1", "2", "3"], "x": ""},
        ),
    ],
)
def test_the_most_specific_template_is_taken(method: str, url: str, name: str, arguments: dict[str, object]) -> None:
    match = TEMPLATES.match(method, url)
    assert match is not None
    assert (match.tool.name, match.arguments) == (name, arguments)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", f"{BASE}/movie/17"),
        ("GET", "https://other.example/3/movie/17"),
        ("GET", f"{BASE}/movie"),
        ("GET", f"{BASE}/movie/17/images/1"),
        ("GET", "https://api.example/movie/17"),
        ("GET", ""),
        ("GET", "http://[::1"),
    ],
)
def test_other_addresses_belong_to_no_tool(method: str, url: str) -> None:
    assert TEMPLATES.match(method, url) is None


@given(st.text(min_size=1).filter(lambda text: text.encode("utf-8", "ignore").decode() == text))
def test_a_path_variable_comes_back_as_it_was(value: str) -> None:
    match = UrlTemplates([tool("/a/{x}/b")]).match("GET", f"{BASE}/a/{quote(value, safe='')}/b")
    assert match is not None
    assert match.arguments == {"x": value}


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("7", {"type": "integer"}, 7),
        ("7.5", {"type": "number"}, 7.5),
        ("seven", {"type": "integer"}, "seven"),
        ("[7]", {"type": "integer"}, "[7]"),
        ("FALSE", {"type": "boolean"}, False),
        ("7", {"type": ["string", "number"]}, "7"),
        ("7", {}, "7"),
        ("1,2", {"type": "array", "items": {"type": "integer"}}, [1, 2]),
    ],
)
def test_text_gets_the_type_of_the_schema(text: str, schema: dict[str, object], value: object) -> None:
    assert typed(text, schema) == value
