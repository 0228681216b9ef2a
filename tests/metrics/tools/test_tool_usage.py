"""Rates of use and costs, on hand-made traces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.calls import Call, Tool
from toolbench_eval.metrics.tools.usage import (
    Cost,
    Executed,
    Usage,
    ending_shares,
    is_hallucinated_released,
    total,
    usage,
)

OFFERED = {"search": Tool("search", {"q": {"type": "string"}}, ("q",)), "now": Tool("now")}


def test_a_trace_by_hand() -> None:
    run = [
        Executed(Call("search", {"q": "a"})),
        Executed(Call("search", {"q": "a"}), failed=True),  # repeat, fails
        Executed(Call("search", {"q": 1}), failed=True),  # wrong type
        Executed(Call("search", {}), failed=True),  # missing
        Executed(Call("now")),  # not relevant
        Executed(Call("now"), parsed=False),  # unreadable arguments, repeat
        Executed(Call("Search", {"q": "a"}), failed=True),  # not on offer
        Executed(Call("search_for_web", {"q": "a"}), failed=True),  # not on offer
    ]
    found = usage(run, OFFERED, {"search"})
    assert found == Usage(calls=8, hallucinated=2, incorrect=2, invalid=3, failed=1, wasted=2, runs=1, hallucinating=1)
    assert (found + usage([], OFFERED)).rates() == {
        "hallucinated_tool_rate": 2 / 8,
        "hallucinating_run_rate": 1 / 2,
        "incorrect_tool_rate": 2 / 8,
        "invalid_argument_rate": 3 / 6,
        "execution_error_rate": 1 / 3,
        "wasted_call_rate": 2 / 8,
    }
    assert usage(run, OFFERED).incorrect == 0


def test_repeats_are_exact() -> None:
    def wasted(*arguments: dict[str, object]) -> int:
        return usage([Executed(Call("f", one)) for one in arguments], {}).wasted

    assert wasted({"a": 1, "b": [1, {"c": 2}]}, {"b": [1, {"c": 2}], "a": 1}) == 1
    assert wasted({"a": 1}, {"a": True}, {"a": 1.0}, {"a": "1"}) == 0
    assert wasted({"a": [1, 2]}, {"a": [2, 1]}) == 0


def test_toolbench_takes_the_end_of_a_name_for_the_name() -> None:
    offered = ["search_for_web", "now_for_time"]
    assert not is_hallucinated_released("web", offered)
    assert not is_hallucinated_released("", offered)
    assert is_hallucinated_released("search", offered)


calls = st.lists(
    st.builds(
        Executed,
        st.builds(
            Call,
            st.sampled_from(["search", "now", "lookup"]),
            st.dictionaries(st.sampled_from("qr"), st.sampled_from(["a", 1]), max_size=2),
        ),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)


@given(st.lists(calls, max_size=4))
def test_rates_lie_between_0_and_1_and_counts_add_up(runs: list[list[Executed]]) -> None:
    found = sum((usage(run, OFFERED, {"search"}) for run in runs), Usage())
    assert all(0 <= rate <= 1 for rate in found.rates().values())
    offered = sum(done.call.name in OFFERED for run in runs for done in run)
    assert found.hallucinated + offered == found.calls == sum(map(len, runs))
    assert found.runs == len(runs)


def test_costs_add_up() -> None:
    spent = total([Cost(10, 2, 1, 0, 0.5), Cost(0, 0, 0, 1, 0.25), Cost(20, 4, 1, 0, 1.0)])
    assert spent == Cost(30, 6, 2, 1, 1.75)
    assert spent.per(2) == {
        "prompt_tokens": 15,
        "completion_tokens": 3,
        "model_calls": 1,
        "tool_calls": 0.5,
        "seconds": pytest.approx(0.875),
    }
    assert spent.per(0)["seconds"] == float("inf")
    assert Cost().per(0)["seconds"] == 0
    assert total([]) == Cost()


def test_shares_of_endings() -> None:
    assert ending_shares(["limit", "finished", "finished", "gave_up"]) == {
        "finished": 0.5,
        "gave_up": 0.25,
        "limit": 0.25,
    }
    assert ending_shares([]) == {}
