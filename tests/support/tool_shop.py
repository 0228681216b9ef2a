"""A shop as an environment for tests of tool use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.toolbox import ToolError


def price(state: dict[str, Any], item: str) -> int:
    """Get the price of an item."""
    if item not in state["prices"]:
        raise ToolError(f"there is no {item}")
    found: int = state["prices"][item]
    return found


def buy(state: dict[str, Any], item: str, amount: int = 1) -> str:
    """Buy items."""
    state["bought"][item] = state["bought"].get(item, 0) + amount
    return "bought"


def opening_hours() -> str:
    """Tell when the shop is open."""
    return "9 to 5"


def shop(setup: Mapping[str, Any]) -> FunctionEnvironment:
    """The shop; `setup` may hold other prices."""
    state = {"prices": {"pen": 3, "ink": 7, **setup.get("prices", {})}, "bought": {}}
    return FunctionEnvironment([price, buy, opening_hours], state=state, mutating=["buy"])
