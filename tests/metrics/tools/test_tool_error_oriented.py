"""The error-oriented score: worked values of the specification, conventions, types of error, preferences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.calls import Call, Tool, violations
from toolbench_eval.metrics.tools.error_oriented import (
    Parts,
    Preference,
    breakdown,
    error_types,
    esm_corrected,
    esm_released,
    pass_rate,
    preference,
)

FLIGHT = Tool(
    "flight", {"to": {"type": "string"}, "day": {"type": "string"}, "seats": {"type": "integer"}}, ("to", "day")
)
HOTEL = Tool("hotel", {"to": {"type": "string"}, "day": {"type": "string"}}, ("to",))
NOW = Tool("now")
TOOLS = {tool.name: tool for tool in (FLIGHT, HOTEL, NOW)}
RIGHT = {"to": "Rome", "day": "Monday"}
GOLD = Call("flight", RIGHT)


def scores(predicted: Call | None, gold: Call = GOLD) -> tuple[float | None, float]:
    released = esm_released(predicted, gold, TOOLS)
    return released and pytest.approx(released.score), pytest.approx(esm_corrected(predicted, gold, TOOLS).score)


@pytest.mark.parametrize(
    ("predicted", "released", "corrected", "errors"),
    [
        (GOLD, 1, 1, ()),
        (Call("flight", {"to": "Rome", "day": "Friday"}), 10 / 11, 10 / 11, ("wrong_value",)),
        (Call("flight", {"to": "Rome"}), 8.5 / 11, 7 / 11, ("missing_required",)),
        (Call("flight", {"to": "Rome", "day": "MONDAY"}), 10.5 / 11, 10.5 / 11, ("wrong_value",)),
        (Call("hotel", {"to": "Rome", "day": "Monday"}), 8 / 11, 8 / 11, ("wrong_tool",)),
        (Call("flight", {"to": "Oslo", "day": "Friday"}), 9 / 11, 9 / 11, ("wrong_value",)),
        (Call("flight", {"to": 1, "day": "Monday"}), 9 / 11, 9 / 11, ("wrong_type", "wrong_value")),
        (Call("flight", {**RIGHT, "pets": 1}), 28 / 33, 28 / 33, ("unknown_argument", "wrong_value")),
        (Call("flight", {**RIGHT, "seats": True}), 31 / 33, 29 / 33, ("wrong_type", "wrong_value")),
        (Call("flight", {}), 0, 0, ("missing_required",)),
        (None, 0, 0, ("no_call",)),
    ],
)
def test_worked_values(predicted: Call | None, released: float, corrected: float, errors: tuple[str, ...]) -> None:
    assert scores(predicted) == (pytest.approx(released), pytest.approx(corrected))
    assert error_types(predicted, GOLD, TOOLS) == errors


def test_the_specification_rounds_them_so() -> None:
    """Section 3.3: 0.909, released 0.773 and corrected 0.636, a difference in case, 0.727, 0.818."""
    assert round(10 / 11, 3) == 0.909
    assert (round(8.5 / 11, 3), round(7 / 11, 3)) == (0.773, 0.636)
    one = Call("hotel", {"to": "Rome"})
    assert round(esm_released(Call("hotel", {"to": "ROME"}), one, TOOLS).score, 3) == 0.909  # type: ignore[union-attr]
    assert (round(8 / 11, 3), round(9 / 11, 3)) == (0.727, 0.818)


@pytest.mark.parametrize(
    ("value", "wanted", "part"),
    [
        ("Rome", "Rome", 1),
        ("rome", "Rome", 0.5),
        ("Rome, Italy", "Rome", 0.5),
        ("Rom", "Rome", 0.5),
        ("rome, italy", "Rome", 0),
        ("", "Rome", 0.5),
        (5, "5", 0),
        ([1], [1], 1),
    ],
)
def test_likeness_of_values(value: object, wanted: object, part: float) -> None:
    assert esm_corrected(Call("hotel", {"to": value}), Call("hotel", {"to": wanted}), TOOLS).value == part


def test_calls_without_arguments_are_all_or_nothing() -> None:
    assert scores(Call("now"), Call("now")) == (1, 1)
    assert scores(Call("now"), Call("flight")) == (0, 0)
    assert error_types(Call("now"), Call("now"), TOOLS) == ()
    # Nothing wanted, nothing given: all of the score, though the schema requires two arguments.
    assert scores(Call("flight"), Call("flight")) == (1, 1)


def test_a_tool_that_is_not_on_offer_has_no_released_score() -> None:
    invented = Call("flights", {"to": "Rome", "day": "Monday"})
    assert esm_released(invented, GOLD, TOOLS) is None
    assert esm_corrected(invented, GOLD, TOOLS) == Parts(value=1.0)
    assert esm_corrected(Call("flights"), Call("flights"), TOOLS).score == 0
    assert error_types(invented, GOLD, TOOLS) == ("hallucinated_tool",)


def test_an_unknown_type_has_no_released_score_and_holds_every_value_in_the_corrected_one() -> None:
    tools = {"f": Tool("f", {"when": {"type": "date"}, "what": {}}, ("when",))}
    call = Call("f", {"when": "today", "what": 1})
    assert esm_released(call, call, tools) is None
    assert esm_corrected(call, call, tools).score == 1


def test_threshold_and_breakdown() -> None:
    assert pass_rate([0.8, 0.79, 1.0, 0.0]) == 0.5
    assert pass_rate([]) == 0
    turns = [Parts(1, 1, 1, 1, 0.5), Parts(0, 0.5, 1, 1, 1), Parts(1, 1, 1, 1, 1), Parts()]
    assert breakdown(turns) == {"name": 0.5, "required": 0.5, "key": 0.25, "type": 0.25, "value": 0.5}


def call(day: str) -> Call:
    return Call("flight", {"to": "Rome", "day": day})


@pytest.mark.parametrize(
    ("calls", "marks", "expected"),
    [
        ([call("a")] * 5, [0.9] * 5, None),
        ([call("a"), call("b"), None], [0.2, 0.7, 0.0], Preference(None, (0, 1, 2))),
        ([call("a"), call("b"), call("c"), None, call("a")], [0.9, 0.9, 0.85, 0.0, 0.9], Preference(1, (2, 3))),
        ([None, None], [0.0, 0.0], Preference(None, (0, 1))),
        ([GOLD, call("b")], [0.7, 0.5], Preference(None, (1,))),
        ([], [], None),
    ],
)
def test_preferences(calls: list[Call | None], marks: list[float], expected: Preference | None) -> None:
    assert preference(calls, marks, GOLD) == expected


values = st.one_of(st.sampled_from(["Rome", "rome", "Rom", "", "Oslo"]), st.integers(0, 2), st.booleans(), st.none())
arguments = st.dictionaries(st.sampled_from(["to", "day", "seats", "pets"]), values, max_size=4)
calls_ = st.builds(Call, st.sampled_from(["flight", "hotel", "now", "invented"]), arguments)


@given(calls_, calls_)
def test_scores_lie_between_0_and_1(predicted: Call, gold: Call) -> None:
    released, corrected = esm_released(predicted, gold, TOOLS), esm_corrected(predicted, gold, TOOLS)
    assert 0 <= corrected.score <= 1 + 1e-12
    assert released is None or 0 <= released.score <= 1 + 1e-12
    if released is not None and all(name in gold.arguments for name in TOOLS[predicted.name].required):
        assert corrected.score <= released.score + 1e-12


@given(calls_)
def test_a_valid_gold_call_scores_1_against_itself(gold: Call) -> None:
    if gold.name in TOOLS and not violations(gold, TOOLS[gold.name]):
        assert esm_corrected(gold, gold, TOOLS).score == pytest.approx(1)


@given(calls_, calls_)
def test_there_is_an_error_exactly_where_the_score_is_below_1(predicted: Call, gold: Call) -> None:
    full = esm_corrected(predicted, gold, TOOLS).score == pytest.approx(1)
    assert full == (not error_types(predicted, gold, TOOLS))


@given(calls_, calls_)
def test_the_order_of_arguments_does_not_matter(predicted: Call, gold: Call) -> None:
    turned = Call(predicted.name, dict(reversed(list(predicted.arguments.items()))))
    assert esm_corrected(turned, gold, TOOLS).score == pytest.approx(esm_corrected(predicted, gold, TOOLS).score)


@given(calls_.filter(lambda call: call.name != "flight"))
def test_a_wrong_tool_never_reaches_the_threshold(predicted: Call) -> None:
    released = esm_released(predicted, GOLD, TOOLS)
    assert esm_corrected(predicted, GOLD, TOOLS).score < 0.8
    assert released is None or released.score < 0.8


@given(st.lists(st.none() | calls_, max_size=6))
def test_nothing_is_both_chosen_and_rejected(replies: list[Call | None]) -> None:
    marks = [esm_corrected(reply, GOLD, TOOLS).score for reply in replies]
    found = preference(replies, marks, GOLD)
    if found is None:
        return
    chosen = GOLD if found.chosen is None else replies[found.chosen]
    assert found.chosen is None or marks[found.chosen] >= 0.8
    assert all(replies[at] != chosen for at in found.rejected)
    if found.chosen is not None:
        assert all(replies[at] is None or marks[at] < marks[found.chosen] for at in found.rejected)
