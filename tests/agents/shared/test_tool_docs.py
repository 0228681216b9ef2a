"""The documentation of tools that agents are shown: types in the place of values."""

from __future__ import annotations

from toolbench_eval.agents.shared.tool_docs import outline, skeleton


def test_skeletons_and_outlines():
    value = {"id": 1, "ok": True, "rate": 0.5, "none": None, "tags": [], "people": [{"name": "x"}, {"age": 3}]}
    shape = {"id": "int", "ok": "bool", "rate": "float", "none": "NoneType", "tags": [], "people": [{"name": "str"}]}
    assert skeleton(value) == shape
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "who": {"$ref": "#/$defs/Who"},
            "tags": {"type": "array"},
            "people": {"type": "array", "items": {"$ref": "#/$defs/Who"}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "odd": {"type": ["number", "boolean"]},
            "free": {"type": "object"},
            "open": {},
        },
        "$defs": {"Who": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    assert outline(schema) == {
        "id": "int",
        "who": {"name": "str"},
        "tags": [],
        "people": [{"name": "str"}],
        "note": "str | NoneType",
        "odd": "float | bool",
        "free": {},
        "open": "any",
    }
