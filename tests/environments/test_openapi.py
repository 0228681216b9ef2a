"""OpenAPI documents."""

from __future__ import annotations

from typing import Any

import pytest

from toolbench_eval.environments.openapi import path_name, read_openapi
from toolbench_eval.environments.operations import Place, recorded_examples
from toolbench_eval.errors import DataError

PETS: dict[str, Any] = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://{zone}.pets.example/v1/", "variables": {"zone": {"default": "eu"}}}],
    "paths": {
        "/pets/{id}": {
            "parameters": [
                {"$ref": "#/components/parameters/Id"},
                {"name": "lang", "in": "query", "schema": {"type": "string"}},
            ],
            "get": {
                "operationId": "get pet!",
                "summary": "A pet.",
                "description": "One of them.",
                "parameters": [
                    {"name": "lang", "in": "query", "required": True, "schema": {"type": "string", "enum": ["en"]}},
                    {"name": "fields", "in": "query", "explode": "false", "schema": {"type": "array"}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                    {"name": "session", "in": "cookie", "content": {"text/plain": {"schema": {"type": "string"}}}},
                    {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {
                    "404": {"description": "no"},
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Pet"},
                                "examples": {"one": {"value": {"name": "Rex"}}},
                            }
                        }
                    },
                },
            },
            "put": {
                "requestBody": {
                    "required": "true",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
                }
            },
            "delete": {"servers": [{"url": "http://other.example"}]},
        },
        "/pets": {
            "post": {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}}},
        },
    },
    "components": {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}},
        "schemas": {
            "Pet": {
                "type": "object",
                "required": ["name", "id"],
                "properties": {
                    "name": {"type": "string"},
                    "id": {"type": "string"},
                    "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
                },
            }
        },
    },
}


def test_an_operation_becomes_a_tool() -> None:
    get = read_openapi(PETS)[0]
    tool = get.tool
    assert (tool.name, tool.description) == ("get_pet", "A pet.\nOne of them.")
    assert (tool.method, tool.url) == ("GET", "https://eu.pets.example/v1/pets/{id}")
    assert (tool.source, tool.mutating) == ("GET /pets/{id}", False)
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "lang": {"type": "string", "enum": ["en"]},
            "fields": {"type": "array"},
            "X-Trace": {"type": "string"},
            "session": {"type": "string"},
        },
        "required": ["id", "lang"],
        "additionalProperties": False,
    }
    assert get.places == {
        "id": Place("path", "id"),
        "lang": Place("query", "lang"),
        "fields": Place("query", "fields", explode=False),
        "X-Trace": Place("header", "X-Trace"),
        "session": Place("cookie", "session"),
    }
    assert tool.returns is not None
    assert tool.returns["properties"]["friends"] == {"type": "array", "items": {}}
    assert get.example == {"name": "Rex"}


def test_a_body_becomes_arguments_and_names_do_not_clash() -> None:
    put = read_openapi(PETS)[1]
    assert (put.tool.name, put.tool.mutating, put.body) == ("PUT_pets_id", True, "application/json")
    assert put.places["body_id"] == Place("body", "id")
    assert put.places["id"] == Place("path", "id")
    assert put.tool.required == ("id", "name", "body_id")


def test_servers_of_an_operation_go_before_those_of_the_document() -> None:
    assert read_openapi(PETS)[2].tool.url == "http://other.example/pets/{id}"
    assert read_openapi(PETS, "http://127.0.0.1:1/")[2].tool.url == "http://127.0.0.1:1/pets/{id}"


def test_a_body_without_properties_is_one_argument() -> None:
    post = read_openapi(PETS)[3]
    assert (post.places, post.tool.required) == ({"body": Place("body", "")}, ())


def test_published_replies_stand_in_for_the_service() -> None:
    examples = {one.tool: one.value for one in recorded_examples(read_openapi(PETS))}
    assert examples == {"get_pet": {"name": "Rex"}, "PUT_pets_id": None, "DELETE_pets_id": None, "POST_pets": None}


def test_names_of_paths() -> None:
    assert path_name("get", "/movie/{movie_id}/top-rated.json") == "GET_movie_movie_id_top_rated_json"


def test_the_same_id_twice_falls_back_to_the_path() -> None:
    paths = {path: {"get": {"operationId": "same"}} for path in ("/a", "/b")}
    found = read_openapi({"openapi": "3.1.0", "servers": [{"url": "https://x.example"}], "paths": paths})
    assert [one.tool.name for one in found] == ["same", "GET_b"]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"swagger": "2.0", "paths": {}}, "not an OpenAPI 3 document"),
        ({"openapi": "3.0.0"}, "not an OpenAPI 3 document"),
        ({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}, "names no server"),
        ({"openapi": "3.0.0", "servers": [{"url": "/v1"}], "paths": {"/a": {"get": {}}}}, "no full address"),
        ({"openapi": "3.0.0", "servers": [{"url": "file:///etc"}], "paths": {"/a": {"get": {}}}}, "no full address"),
        ({"openapi": "3.0.0", "paths": {"/a": []}}, "must be an object"),
        ({"openapi": "3.0.0", "paths": {"/a": {"$ref": "x.yaml"}}}, "outside the document"),
        (
            {
                "openapi": "3.0.0",
                "servers": [{"url": "https://x.example"}],
                "paths": {"/a-b": {"get": {}}, "/a_b": {"get": {}}},
            },
            "two operations",
        ),
    ],
)
def test_what_cannot_be_read_is_named(document: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_openapi(document)


@pytest.mark.parametrize(
    ("path", "tags", "category"),
    [
        ("/films/{id}", None, "films"),
        ("/v2/films", [], "films"),
        ("/3/{id}/films", [""], "films"),
        ("/films", ["Cinema", "Other"], "Cinema"),
        ("/{id}", None, ""),
    ],
)
def test_a_tools_category_is_the_first_tag_or_the_resource(path: str, tags: list[str] | None, category: str) -> None:
    operation = {} if tags is None else {"tags": tags}
    document = {"openapi": "3.0.0", "servers": [{"url": "https://x.example"}], "paths": {path: {"get": operation}}}
    (found,) = read_openapi(document)
    assert found.tool.category == category
