"""Several environments as one."""

from __future__ import annotations

from toolbench_eval.environments.combined import CombinedEnvironment
from toolbench_eval.environments.functions import FunctionEnvironment


def count(state: dict[str, int]) -> int:
    state["n"] += 1
    return state["n"]


def first() -> str:
    return "of the first"


def environments() -> CombinedEnvironment:
    one = FunctionEnvironment({"count": count, "same": first}, state={"n": 0})
    other = FunctionEnvironment({"same": count, "other": count}, state={"n": 10})
    return CombinedEnvironment([one, other])


def test_a_call_goes_to_the_first_that_has_the_tool() -> None:
    both = environments()
    assert [tool.name for tool in both.tools()] == ["count", "same", "other"]
    assert [both.call(name, {}).value for name in ("count", "same", "other")] == [1, "of the first", 11]
    assert both.call("othr", {}).value == {"error": "there is no tool 'othr'. Did you mean other?"}
    assert both.call("count", {"x": 1}).error == "invalid_arguments"


def test_all_are_shown_and_reset() -> None:
    both = environments()
    both.call("count", {})
    both.call("other", {})
    assert both.snapshot() == [{"n": 1}, {"n": 11}]
    both.reset()
    assert both.snapshot() == [{"n": 0}, {"n": 10}]
