"""Tools that are only declared, some tools of an environment, and environments that have begun."""

from __future__ import annotations

import pytest
from support.tool_shop import shop

from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.begun import BegunEnvironment
from toolbench_eval.environments.declared import DeclaredEnvironment, declared_tools
from toolbench_eval.environments.offered import OfferedEnvironment
from toolbench_eval.errors import DataError

AREA = {
    "name": "area",
    "parameters": {"type": "object", "properties": {"base": {"type": "number"}}, "required": ["base"]},
}


def test_declared_tools_check_calls_and_execute_nothing():
    environment = DeclaredEnvironment(declared_tools([AREA, {"name": "now"}]))
    assert [tool.name for tool in environment.tools()] == ["area", "now"]
    done = environment.call("area", {"base": 2})
    assert (done.status, done.source) == ("ok", "simulated")
    assert "no result" in done.text
    assert environment.call("area", {"base": "two"}).error == "invalid_arguments"
    assert environment.call("volume", {}).error == "unknown_tool"
    assert environment.snapshot() is None


def test_of_declarations_with_one_name_the_first_counts():
    (tool,) = declared_tools([AREA, {"name": "area", "description": "other"}])
    assert tool == ToolSpec("area", "", AREA["parameters"], source="declared")
    with pytest.raises(DataError, match="name"):
        declared_tools([{"description": "nameless"}])


def test_only_what_is_offered_can_be_called():
    environment = OfferedEnvironment(shop({}), ["opening_hours", "price"])
    assert [tool.name for tool in environment.tools()] == ["opening_hours", "price"]
    assert environment.call("price", {"item": "pen"}).value == 3
    assert environment.call("buy", {"item": "pen"}).error == "unknown_tool"
    assert environment.snapshot()["bought"] == {}
    with pytest.raises(DataError, match="sell"):
        OfferedEnvironment(shop({}), ["sell"])


def test_what_has_begun_goes_back_to_where_it_was():
    environment = BegunEnvironment(shop({}), [("buy", {"item": "pen"}), ("buy", {"amount": 9})])
    assert environment.snapshot()["bought"] == {"pen": 1}
    environment.call("buy", {"item": "ink"})
    assert environment.snapshot()["bought"] == {"pen": 1, "ink": 1}
    environment.reset()
    assert environment.snapshot()["bought"] == {"pen": 1}
    assert [tool.name for tool in environment.tools()] == ["price", "buy", "opening_hours"]
