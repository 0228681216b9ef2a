"""AST accuracy of BFCL: order of checks, names of errors, types, values, conventions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.errors import DataError, UnknownNameError
from toolbench_eval.metrics.tools.ast import AstError, Verdict, check_call, check_one, check_parallel
from toolbench_eval.metrics.tools.ast_values import standardise
from toolbench_eval.metrics.tools.bfcl import (
    SHARES,
    Accuracy,
    aggregates,
    answer_occurs,
    check_sample,
    format_sensitivity,
    multi_turn_correct,
    overall_released,
)
from toolbench_eval.metrics.tools.calls import Call, Gold, Tool

TOOL = Tool.of(
    {
        "name": "book",
        "parameters": {
            "type": "dict",
            "properties": {
                "city": {"type": "string"},
                "nights": {"type": "integer"},
                "price": {"type": "float"},
                "paid": {"type": "boolean"},
                "guests": {"type": "array", "items": {"type": "string"}},
                "rooms": {"type": "array", "items": {"type": "integer"}},
                "size": {"type": "tuple", "items": {"type": "float"}},
                "address": {"type": "dict"},
                "legs": {"type": "array", "items": {"type": "dict"}},
            },
            "required": ["city"],
        },
    }
)


def error(given: dict[str, Any], accepted: dict[str, Any], **options: Any) -> str | None:
    return check_call(Call("book", given), Gold("book", accepted), TOOL, **options).error


def test_the_checks_come_in_order() -> None:
    accepted = {"city": ["Oslo"], "nights": [2], "paid": [True]}
    wrong = {"paid": "yes", "pets": 1}
    assert check_call(Call("buy", {"pets": 1}), Gold("book", accepted), TOOL) == Verdict("wrong_function", "buy")
    assert check_call(Call("book", {"pets": 1}), Gold("book", accepted), TOOL) == Verdict("missing_required", "city")
    assert check_call(Call("book", {"city": "Oslo", "pets": 1, **wrong}), Gold("book", accepted), TOOL).detail == "pets"
    assert check_call(Call("book", {"city": "Oslo", **wrong}), Gold("book", accepted), TOOL) == Verdict(
        "type_error:simple", "paid"
    )
    assert check_call(Call("book", {"city": "Rome"}), Gold("book", accepted), TOOL) == Verdict(
        "value_error:string", "city"
    )
    assert check_call(Call("book", {"city": "Oslo"}), Gold("book", accepted), TOOL) == Verdict(
        "missing_optional", "nights"
    )
    assert check_call(Call("book", {"city": "Oslo", "nights": 2, "paid": True}), Gold("book", accepted), TOOL).correct


@pytest.mark.parametrize(
    ("name", "value", "accepted", "expected"),
    [
        ("nights", 2, [2, 3], None),
        ("nights", 4, [2, 3], "value_error:others"),
        ("nights", 2.0, [2], "type_error:simple"),
        ("nights", "2", [2], "type_error:simple"),
        ("nights", True, [1], "type_error:simple"),
        ("nights", None, [2], "type_error:simple"),
        ("nights", "count", ["count"], None),
        ("nights", "Count", ["count"], "value_error:others"),
        ("price", 5, [5.0], None),
        ("price", 5, [6.0], "value_error:others"),
        ("price", True, [1.0], "type_error:simple"),
        ("paid", True, [True, ""], None),
        ("paid", False, [True], "value_error:others"),
        ("paid", "True", [True], "type_error:simple"),
        ("guests", ["ann"], [["Ann"]], None),
        ("guests", ["Bob", "Ann"], [["Ann", "Bob"]], "value_error:list"),
        ("guests", [1], [["Ann"]], "type_error:nested"),
        ("guests", [], [["Ann"], ""], None),
        ("guests", "Ann", [["Ann"]], "type_error:simple"),
        ("guests", ("Ann",), [["Ann"]], "type_error:simple"),
        ("rooms", [1, 2], [[1, 2]], None),
        ("rooms", [1.0, 2.0], [[1, 2]], "type_error:nested"),
        ("size", (1.5, 2.5), [[1.5, 2.5]], None),
        ("size", [1.5, 2.5], [[1.5, 2.5]], None),
        ("size", [1, 2], [[1.0, 2.0]], "type_error:nested"),
        ("address", {"street": "Main St."}, [{"street": ["main st"], "door": [3, ""]}], None),
        ("address", {"street": "Main St", "door": 3}, [{"street": ["main st"], "door": [3, ""]}], None),
        ("address", {"door": 3}, [{"street": ["main st"], "door": [3, ""]}], "value_error:dict"),
        ("address", {"street": "Main St", "floor": 1}, [{"street": ["main st"]}], "value_error:dict"),
        ("address", {"street": "Side St"}, [{"street": ["main st"]}], "value_error:dict"),
        ("address", [], [{"street": ["main st"]}], "type_error:simple"),
        ("legs", [{"to": "Rome"}, {"to": "Bari"}], [[{"to": ["rome"]}, {"to": ["bari"]}]], None),
        ("legs", [{"to": "Bari"}, {"to": "Rome"}], [[{"to": ["rome"]}, {"to": ["bari"]}]], "value_error:dict"),
        ("legs", [{"to": "Rome"}], [[{"to": ["rome"]}, {"to": ["bari"]}]], "value_error:dict"),
        ("legs", [3], [[{"to": ["rome"]}]], "type_error:nested"),
    ],
)
def test_types_and_values(name: str, value: object, accepted: list[object], expected: str | None) -> None:
    assert error({"city": "Oslo", name: value}, {"city": ["Oslo"], name: accepted}) == expected
    assert error({"city": "Oslo", name: value}, {"city": ["Oslo"], name: accepted}, convention="released") == expected


@pytest.mark.parametrize("given_", ["New York, NY", "new york ny", "New-York_NY", "NEW YORK/NY", "new*york^ny."])
def test_strings_are_compared_without_case_blanks_and_signs(given_: str) -> None:
    assert error({"city": given_}, {"city": ["New York, NY"]}) is None
    assert standardise(given_) == "newyorkny"
    assert standardise("Dwayne 'The Rock'") == 'dwayne"therock"'


def test_what_may_be_left_out_is_marked() -> None:
    assert error({"city": "Oslo"}, {"city": ["Oslo"], "nights": [2, ""]}) is None
    assert error({"city": "Oslo"}, {"city": ["Oslo"], "nights": [2]}) == AstError.MISSING_OPTIONAL
    assert error({"city": "Oslo", "nights": 3}, {"city": ["Oslo"], "nights": [2, ""]}) == AstError.VALUE_OTHERS


@pytest.mark.parametrize(
    ("accepted", "given_"),
    [
        ({"city": ["Oslo"], "gate": ["B"]}, {"city": "Oslo", "gate": "B"}),
        ({"nights": [2]}, {"nights": 2}),
        ({"city": ["Oslo"], "guests": []}, {"city": "Oslo", "guests": []}),
        ({"city": ["Oslo"], "address": [{"street": "Main"}]}, {"city": "Oslo", "address": {"street": "Main"}}),
    ],
)
def test_samples_that_no_call_can_pass_are_mended(accepted: dict[str, Any], given_: dict[str, Any]) -> None:
    assert error(given_, accepted) is None
    assert error(given_, accepted, convention="released") is not None


def test_java_arguments_are_source_text() -> None:
    tool = Tool("T.run", {"n": {"type": "long"}, "names": {"type": "Array", "items": {"type": "String"}}}, ("n",))
    gold = Gold("T.run", {"n": [7], "names": [["a", "b"]]})
    right = Call("T.run", {"n": "7L", "names": 'new String[]{"a", "b"}'})
    assert check_call(right, gold, tool, "java").correct
    assert check_call(right, gold, tool, "java", "released") == Verdict("value_error:list", "names")
    assert check_call(Call("T.run", {"n": 7}), gold, tool, "java") == Verdict("type_error:simple", "n")
    assert check_call(Call("T.run", {"n": "7"}), gold, tool, "java") == Verdict("type_error:simple", "n")


def test_javascript_arguments_are_source_text() -> None:
    tool = Tool("run", {"on": {"type": "Boolean"}, "xs": {"type": "array", "items": {"type": "float"}}}, ("on",))
    gold = Gold("run", {"on": [True], "xs": [[1, 2.5]]})
    assert check_call(Call("run", {"on": "true", "xs": "[1, 2.5]"}), gold, tool, "javascript").correct
    assert (
        check_call(Call("run", {"on": "yes", "xs": "[1, 2.5]"}), gold, tool, "javascript").error == "type_error:simple"
    )


def test_unknown_types_and_functions_are_named() -> None:
    odd = Tool("f", {"a": {"type": "matrix"}})
    with pytest.raises(DataError, match="parameter a has the unknown type 'matrix'"):
        check_call(Call("f", {"a": 1}), Gold("f", {"a": [1]}), odd)
    with pytest.raises(DataError, match="names 'g', which is none of the 1 functions"):
        check_one([Call("g")], Gold("g", {}), [odd])


BOTH = [Gold("book", {"city": ["Oslo", "Rome"]}), Gold("book", {"city": ["Rome"]})]


def test_parallel_calls_match_in_any_order() -> None:
    oslo, rome, bari = (Call("book", {"city": city}) for city in ("Oslo", "Rome", "Bari"))
    assert check_parallel([oslo, rome], BOTH, [TOOL]).correct
    assert check_parallel([oslo, bari], BOTH, [TOOL]) == Verdict("no_match", "book")
    assert check_parallel([rome, rome], BOTH, [TOOL]).correct
    assert check_parallel([oslo, oslo], BOTH, [TOOL]).error == AstError.NO_MATCH
    assert check_parallel([oslo], BOTH, [TOOL]).error == AstError.WRONG_COUNT
    # Greedy as in the reference: the first gold call takes the first call that fits, though the second needs it.
    assert check_parallel([rome, oslo], BOTH, [TOOL]).error == AstError.NO_MATCH


@given(st.permutations([1, 2, 3, 4]))
def test_the_order_of_different_calls_does_not_matter(order: list[int]) -> None:
    golds = [Gold("book", {"city": ["Oslo"], "nights": [n]}) for n in (1, 2, 3, 4)]
    assert check_parallel([Call("book", {"city": "Oslo", "nights": n}) for n in order], golds, [TOOL]).correct


def test_categories_decide_what_is_right() -> None:
    call, gold = Call("book", {"city": "Oslo"}), Gold("book", {"city": ["Oslo"]})
    assert check_sample("simple_python", [call], [gold], [TOOL]).correct
    assert check_sample("live_multiple", [call], [gold], [TOOL, Tool("other")]).correct
    assert check_sample("live_parallel_multiple", [call], [gold], [TOOL]).correct
    assert check_sample("multiple", [call, call], [gold], [TOOL]).error == AstError.WRONG_COUNT
    assert check_sample("simple_python", [], [gold], [TOOL]).error == AstError.WRONG_COUNT
    assert check_sample("parallel", None, [gold], [TOOL]).error == AstError.UNDECODABLE
    for category in ("irrelevance", "live_irrelevance"):
        assert check_sample(category, None, [], [TOOL]).correct
        assert check_sample(category, [], [], [TOOL]).correct
        assert check_sample(category, [call], [], [TOOL]) == Verdict("unwanted_call", "book")
    assert check_sample("live_relevance", [Call("anything")], [], [TOOL]).correct
    assert check_sample("live_relevance", None, [], [TOOL]) == Verdict("no_call")
    with pytest.raises(DataError, match="needs a gold answer"):
        check_sample("multiple", [call], [], [TOOL])
    with pytest.raises(UnknownNameError, match="Did you mean parallel"):
        check_sample("paralel", [], [], [])


def test_aggregates_weigh_as_bfcl_does() -> None:
    scores = {
        "simple_python": Accuracy(0.9, 400),
        "simple_java": Accuracy(0.6, 100),
        "simple_javascript": Accuracy(0.6, 50),
        "multiple": Accuracy(0.8, 200),
        "parallel": Accuracy(0.5, 200),
        "parallel_multiple": Accuracy(0.4, 200),
        "live_simple": Accuracy(0.5, 10),
        "live_multiple": Accuracy(0.7, 30),
        "live_parallel": Accuracy(1.0, 5),
        "live_parallel_multiple": Accuracy(0.0, 5),
        "irrelevance": Accuracy(0.9, 240),
        "live_irrelevance": Accuracy(0.7, 884),
        "live_relevance": Accuracy(1.0, 16),
    }
    found = aggregates(scores)
    assert found["simple"] == pytest.approx(0.7)
    assert found["non_live"] == pytest.approx((0.7 + 0.8 + 0.5 + 0.4) / 4)
    assert found["live"] == pytest.approx((5 + 21 + 5 + 0) / 50)
    assert found["irrelevance_mean"] == pytest.approx(0.8)
    assert "overall" not in found and "multi_turn" not in found
    rest = dict.fromkeys(("multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param"), Accuracy(0.4, 200))
    rest |= {"multi_turn_long_context": Accuracy(0.0, 200), "web_search": Accuracy(0.5, 100)}
    rest |= {name: Accuracy(0.2, 155) for name in ("memory_kv", "memory_vector", "memory_rec_sum")}
    found = aggregates(scores | rest)
    assert found["multi_turn"] == pytest.approx(0.3)
    assert found["agentic"] == pytest.approx(0.35)
    assert found["overall"] == pytest.approx(0.1 * 0.6 + 0.1 * 0.62 + 0.1 * 0.8 + 0.3 * 0.3 + 0.4 * 0.35)
    counts = {name: score.count for name, score in (scores | rest).items()}
    assert overall_released(scores, counts) == pytest.approx(0.1 * 0.6 + 0.1 * 0.62 + 0.1 * 0.8)
    assert sum(SHARES.values()) == pytest.approx(1)


def test_agentic_answers_are_whole_words() -> None:
    assert answer_occurs("The answer is Zhang Yi-Ming.", ["Zhang Yiming"])
    assert answer_occurs("It was 1,234 (in total)", ["1234"])
    assert not answer_occurs("Michaela", ["Michael"])
    assert answer_occurs("no: 3", ["4", "3"])


def test_format_sensitivity_is_range_and_deviation() -> None:
    assert format_sensitivity([0.5, 0.7]) == (pytest.approx(0.2), pytest.approx(0.1))


def test_multi_turn_checks_state_and_results_after_every_turn() -> None:
    states, results = [{"n": 1}, {"n": 2}], [["a", "b"], ["c"]]
    assert multi_turn_correct(states, states, results, [["a"], ["c", "b"]])
    assert not multi_turn_correct(states, states, results, [["a", "a"], ["c"]])
    assert not multi_turn_correct(states, states, results, [["c"], ["c"]])
    assert not multi_turn_correct([{"n": 1}, {"n": 3}], states, results, [["a"], ["c"]])
    assert not multi_turn_correct(states, states, [["a", "c"], []], [["a"], ["c"]])
    assert multi_turn_correct(states, states, [["a"], []], [["a"], []])
    assert not multi_turn_correct(states[:1], states, results[:1], results)
