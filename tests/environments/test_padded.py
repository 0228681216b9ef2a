"""An environment with tools of elsewhere keeps its own state."""

from __future__ import annotations

from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.combined import CombinedEnvironment
from toolbench_eval.environments.declared import DeclaredEnvironment
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.padded import Padded


def put(key: str, value: int, state: dict[str, int]) -> str:
    """Put a value."""
    state[key] = value
    return "done"


def test_the_state_is_that_of_the_environment_alone() -> None:
    own = FunctionEnvironment([put], state={"a": 1}, mutating=("put",))
    padded = Padded(CombinedEnvironment([own, DeclaredEnvironment([ToolSpec("elsewhere")])]), own)
    assert [tool.name for tool in padded.tools()] == ["put", "elsewhere"]
    before = padded.snapshot()
    assert padded.call("put", {"key": "b", "value": 2}).status == "ok"
    assert (before, padded.snapshot()) == ({"a": 1}, {"a": 1, "b": 2})
    padded.call("elsewhere", {})
    assert padded.snapshot() == {"a": 1, "b": 2}
    padded.reset()
    assert padded.snapshot() == {"a": 1}
