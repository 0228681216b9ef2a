"""Published schemas as JSON schemas."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from toolbench_eval.environments.schemas import References, example_of, json_type, plain_schema, schema_of, truth
from toolbench_eval.errors import DataError


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("String", "string"),
        ("NUMBER", "number"),
        ("float", "number"),
        ("int", "integer"),
        ("list(str)", "array"),
        ("List[object]", "array"),
        ("dict", "object"),
        ("bool", "boolean"),
        ("datetime", "string"),
        ("", None),
        (None, None),
        ("gadget", None),
    ],
)
def test_type_names_of_all_kinds(name: Any, kind: str | None) -> None:
    assert json_type(name) == kind


@pytest.mark.parametrize(
    ("published", "plain"),
    [
        ({"type": "String", "maxLength": "3"}, {"type": "string", "maxLength": 3}),
        ({"type": ""}, {}),
        ({"type": "integer", "nullable": True}, {"type": ["integer", "null"]}),
        ({"type": "string", "nullable": "true", "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "string", "enum": []}, {"type": "string"}),
        ({"type": "int", "default": "7", "example": "x"}, {"type": "integer", "default": 7, "example": "x"}),
        ({"type": "bool", "default": "True"}, {"type": "boolean", "default": True}),
        ({"type": "float", "enum": ["1", "2.5"]}, {"type": "number", "enum": [1, 2.5]}),
        ({"type": "str", "default": "7"}, {"type": "string", "default": "7"}),
        ({"default": "7"}, {"default": "7"}),
        ({"type": "string", "enum": "a"}, {"type": "string"}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"minimum": 1, "exclusiveMinimum": 1}),
        ({"exclusiveMaximum": 5}, {"exclusiveMaximum": 5}),
        ({"exclusiveMaximum": False, "maximum": 5}, {"maximum": 5}),
        ({"minimum": "low"}, {}),
        ({"items": {"type": "str"}, "type": "list"}, {"items": {"type": "string"}, "type": "array"}),
        ({"additionalProperties": "true"}, {"additionalProperties": True}),
        ({"additionalProperties": {"type": "int"}}, {"additionalProperties": {"type": "integer"}}),
        (
            {"properties": {"a": {"type": "int"}}, "required": ["a", "b"]},
            {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
        ),
        ({"properties": {"a": {}}, "required": True}, {"properties": {"a": {}}}),
        ({"anyOf": [{"type": "int"}, "x"]}, {"anyOf": [{"type": "integer"}, {}]}),
        ("text", {}),
        (None, {}),
        ({"x-own": 1, "$ref": "#/a", "pattern": "(?<"}, {}),
    ],
)
def test_slips_are_read_as_they_are_meant(published: Any, plain: dict[str, Any]) -> None:
    assert plain_schema(published) == plain


NAMES = ["type", "enum", "items", "properties", "required", "minimum", "maxLength", "nullable", "anyOf", "format"]
NAMES += ["description", "examples", "additionalProperties", "exclusiveMaximum", "multipleOf", "pattern", "$ref"]
KEYS = st.sampled_from(NAMES)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "NUMBER", "true", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, ODD, max_size=4))
def test_whatever_is_published_becomes_a_schema(published: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(plain_schema(published))


def test_truth_as_text() -> None:
    assert [truth(value) for value in (True, "true", " True ", False, "false", 1, None)] == [True] * 3 + [False] * 4


def test_a_schema_of_an_example_and_an_example_of_a_schema() -> None:
    value = {"id": 1, "tags": ["a", 2], "none": None, "of": {"x": 1.5, "y": []}}
    schema = schema_of(value)
    assert schema == {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "none": {"type": "null"},
            "of": {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "array"}}},
        },
    }
    assert example_of(schema) == {"id": 0, "tags": [""], "none": None, "of": {"x": 0.0, "y": []}}
    assert example_of({"type": "string", "enum": ["a", "b"]}) == "a"
    assert example_of({"type": ["integer", "null"], "default": 3}) == 3
    assert example_of({}) is None


def test_references_are_put_in_place() -> None:
    document = {"defs": {"a/b": {"type": "int"}, "pair": [{"$ref": "#/defs/a~1b"}, {"$ref": "#/defs/a~1b"}]}}
    assert References(document).resolved({"x": {"$ref": "#/defs/pair"}}) == {"x": [{"type": "int"}, {"type": "int"}]}


def test_a_reference_to_itself_comes_to_an_end() -> None:
    document = {"node": {"properties": {"next": {"$ref": "#/node"}, "value": {"type": "int"}}}}
    assert References(document).resolved({"$ref": "#/node"}) == {"properties": {"next": {}, "value": {"type": "int"}}}


@pytest.mark.parametrize("reference", ["#/nothing", "other.json#/a", "http://127.0.0.1:1/a", "#"])
def test_a_reference_out_of_the_document_is_refused(reference: str) -> None:
    with pytest.raises(DataError, match="refers to"):
        References({"a": 1}).resolved([{"$ref": reference}])
