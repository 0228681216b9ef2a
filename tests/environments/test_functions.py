"""Functions as tools."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from toolbench_eval.environments.functions import FunctionEnvironment, parse_docstring
from toolbench_eval.environments.toolbox import ToolError
from toolbench_eval.errors import DataError, UsageError


@dataclass
class Item:
    name: str
    price: float


def buy(state: dict[str, Any], item: str, amount: int = 1, *, size: Literal["s", "l"] = "s") -> int:
    """Put something into the basket.

    It stays there.

    Args:
        item: What it is: a name.
        amount (int): How many
            of them.

    Returns:
        How many there are now.
    """
    state[item] = state.get(item, 0) + amount
    if amount > 100:
        raise ValueError("too many")
    if amount > 50:
        raise ToolError("the shop is closed", "unavailable")
    return state[item]


def typed(day: datetime.date, items: list[Item], at: Annotated[int, Field(ge=0)] = 0) -> dict[str, Any]:
    return {"next": day + datetime.timedelta(days=1), "first": items[at], "prices": {one.price for one in items}}


@pytest.fixture
def basket() -> FunctionEnvironment:
    return FunctionEnvironment([buy], state={"apple": 1}, mutating=["buy"])


def test_the_schema_comes_from_signature_and_docstring(basket: FunctionEnvironment) -> None:
    (tool,) = basket.tools()
    assert (tool.name, tool.description) == ("buy", "Put something into the basket.\n\nIt stays there.")
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "item": {"type": "string", "description": "What it is: a name."},
            "amount": {"type": "integer", "default": 1, "description": "How many of them."},
            "size": {"type": "string", "enum": ["s", "l"], "default": "s"},
        },
        "required": ["item"],
        "additionalProperties": False,
    }
    assert (tool.returns, tool.mutating) == ({"type": "integer"}, True)


def test_state_is_changed_shown_and_reset(basket: FunctionEnvironment) -> None:
    assert basket.call("buy", {"item": "pear", "amount": 2}).value == 2
    assert basket.snapshot() == {"apple": 1, "pear": 2}
    basket.reset()
    assert basket.snapshot() == {"apple": 1}


def test_two_environments_share_no_state() -> None:
    given: dict[str, int] = {}
    one, other = FunctionEnvironment([buy], state=given), FunctionEnvironment([buy], state=given)
    one.call("buy", {"item": "pear"})
    assert (one.snapshot(), other.snapshot(), given) == ({"pear": 1}, {}, {})


def test_a_snapshot_is_no_door_to_the_state(basket: FunctionEnvironment) -> None:
    basket.snapshot()["apple"] = 99
    assert basket.snapshot() == {"apple": 1}


def test_a_tool_that_fails_half_way_is_an_error_and_keeps_what_it_did(basket: FunctionEnvironment) -> None:
    result = basket.call("buy", {"item": "pear", "amount": 101})
    assert (result.error, result.value) == ("tool_error", {"error": "ValueError: too many"})
    assert basket.snapshot() == {"apple": 1, "pear": 101}


def test_a_tool_says_what_kind_of_error_it_is(basket: FunctionEnvironment) -> None:
    result = basket.call("buy", {"item": "pear", "amount": 51})
    assert (result.error, result.value) == ("unavailable", {"error": "the shop is closed"})


def test_arguments_get_the_types_of_the_signature() -> None:
    shop = FunctionEnvironment([typed])
    result = shop.call("typed", '{"day": "2024-02-28", "items": [{"name": "a", "price": 1}]}')
    assert result.value == {"next": "2024-02-29", "first": {"name": "a", "price": 1.0}, "prices": [1.0]}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"day": "2024-02-31", "items": []}, "day"),
        ({"day": "2024-02-28", "items": [{"name": "a"}]}, "'price' is a required property"),
        ({"day": "2024-02-28", "items": [], "at": -1}, "-1 is less than the minimum of 0"),
    ],
)
def test_arguments_that_do_not_fit_are_told(arguments: dict[str, Any], told: str) -> None:
    result = FunctionEnvironment([typed]).call("typed", arguments)
    assert result.error == "invalid_arguments"
    assert told in result.text


def test_names_that_pydantic_uses_itself_are_fine() -> None:
    def odd(schema: int, copy: int, model_config: int, json: int = 4) -> list[int]:
        return [schema, copy, model_config, json]

    result = FunctionEnvironment([odd]).call("odd", {"schema": 1, "copy": 2, "model_config": 3})
    assert result.value == [1, 2, 3, 4]


def test_functions_may_be_given_other_names() -> None:
    environment = FunctionEnvironment({"Plus": lambda a, b: a + b})
    assert environment.call("Plus", {"a": [1], "b": [2]}).value == [1, 2]


def test_methods_are_functions_of_their_object() -> None:
    class Counter:
        def __init__(self) -> None:
            self.n = 0

        def add(self, by: int = 1) -> int:
            self.n += by
            return self.n

    assert FunctionEnvironment([Counter().add]).call("add", {"by": 3}).value == 3


def test_a_value_without_json_form_is_an_error() -> None:
    def thing() -> Any:
        return object()

    result = FunctionEnvironment([thing]).call("thing", {})
    assert (result.error, "not a JSON value" in result.text) == ("tool_error", True)


def test_numbers_that_json_lacks_are_text() -> None:
    def infinite() -> list[float]:
        return [float("inf"), float("nan")]

    assert FunctionEnvironment([infinite]).call("infinite", {}).value == ["Infinity", "NaN"]


def test_a_state_without_json_form_cannot_be_shown() -> None:
    with pytest.raises(UsageError, match="state"):
        FunctionEnvironment([buy], state={"x": object}).snapshot()


async def later() -> None: ...


def open_ended(*many: int) -> None: ...


def unknown(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def alien(a: pytest.Item) -> None: ...


@pytest.mark.parametrize("function", [later, open_ended, unknown, alien, lambda: 1])
def test_what_cannot_be_a_tool_is_refused(function: Any) -> None:
    with pytest.raises(UsageError, match="cannot be a tool"):
        FunctionEnvironment([function])


def test_two_functions_of_one_name_are_refused() -> None:
    with pytest.raises(DataError, match="buy"):
        FunctionEnvironment([buy, buy])


def test_a_docstring_without_sections_is_text() -> None:
    assert parse_docstring("Do it.\n\nNow: at once.") == parse_docstring("Do it.\n\nNow: at once.\n\nArgs:\n")
    assert parse_docstring("").text == ""
