"""API-Bank: parsing, accuracies, likeness of responses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.apibank import (
    call_correct,
    level3_accuracy,
    level3_accuracy_released,
    parse_call,
    parse_call_released,
    recorded_result,
    rouge_l,
    rouge_l_released,
    said,
)
from toolbench_eval.metrics.tools.calls import Call


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("[Add(a='x', b=\"y z\")]", {"a": "x", "b": "y z"}),
        ("API-Request: [Add(a=12)] thanks", {"a": "12"}),
        ("[Add(a=['p', 'q'])]", {"a": "['p', 'q']"}),
        ("[Add()]", {}),
    ],
)
def test_what_both_read_alike(text: str, arguments: dict[str, str]) -> None:
    assert parse_call(text) == parse_call_released(text) == Call("Add", arguments)


@pytest.mark.parametrize(
    ("text", "right", "released"),
    [
        ("[Add(a='it's', b='x')]", {"a": "it's", "b": "x"}, {"a": "it", "b": "x"}),
        ("[Add(a='say \"hi\"')]", {"a": 'say "hi"'}, {"a": "say "}),
        ("[Add(a='', b='x')]", {"a": "", "b": "x"}, {"a": "', b="}),
        ("[Add(a=-1.5)]", {"a": "-1.5"}, {}),
        ("[Add(a='1')] then [Sub(b='2')]", {"a": "1"}, {"a": "1", "b": "2"}),
        ("[Add(a=['p=q'])]", {"a": "['p=q']"}, {"a": "['p=q']"}),
    ],
)
def test_where_the_released_patterns_fail(text: str, right: dict[str, str], released: dict[str, str]) -> None:
    assert parse_call(text) == Call("Add", right)
    assert parse_call_released(text) == Call("Add", released)


def test_no_call_is_none() -> None:
    assert parse_call("Add(a='x')") is None
    assert parse_call_released("nothing") is None


@given(st.dictionaries(st.from_regex("[a-z_]{1,6}", fullmatch=True), st.text("abc ,.:'\"-", min_size=1), max_size=4))
def test_written_calls_are_read_back(arguments: dict[str, str]) -> None:
    written = ", ".join(f"{name}='{value}'" for name, value in arguments.items())
    assert parse_call(f"[Do({written})]") == Call("Do", arguments)


RESULT = {"input": {"a": 1}, "output": "done", "exception": None}


def test_calls_are_right_by_name_and_result() -> None:
    gold = Call("Add", {"a": "1"})
    assert call_correct(Call("Add", {"a": "01"}), RESULT, gold, {**RESULT, "api_name": "Add"})
    assert not call_correct(Call("Sub", {"a": "1"}), RESULT, gold, RESULT)
    assert not call_correct(gold, None, gold, RESULT)
    assert not call_correct(None, RESULT, gold, RESULT)
    for field in RESULT:
        assert not call_correct(gold, {**RESULT, field: "other"}, gold, RESULT)

    def by_output(result: Any, wanted: Any) -> bool:
        return bool(result["output"] == wanted["output"])

    assert call_correct(gold, {**RESULT, "input": {}}, gold, RESULT, by_output)


def test_recorded_results_are_found_by_name_and_text() -> None:
    recordings = [(Call("Add", {"a": 1, "b": "x"}), RESULT)]
    assert recorded_result(Call("Add", {"b": " x", "a": "1"}), recordings) is RESULT
    assert recorded_result(Call("Add", {"a": "2", "b": "x"}), recordings) is None
    assert recorded_result(Call("Sub", {"a": "1", "b": "x"}), recordings) is None


def test_level_3_divides_by_the_number_of_samples() -> None:
    made = {"a": [True, True], "b": [True, False], "c": []}
    assert level3_accuracy(made, ["a", "b", "c", "d"]) == 0.25
    assert level3_accuracy_released(made) == 49 / 50
    assert level3_accuracy_released({}) == 1.0
    assert level3_accuracy({}, []) == 0


def test_rouge_l_by_hand() -> None:
    # "the cat sat on the mat" and "the cat on the red mat": common "the cat on the mat", 5 of 6 and of 6 words.
    assert rouge_l("the cat on the red mat", "the cat sat on the mat") == pytest.approx(5 / 6)
    # Different words only: common {the, cat, on, mat}, 4 of 5 and of 5.
    assert rouge_l_released("the cat on the red mat", "the cat sat on the mat") == 0.8
    assert rouge_l("a b", "c d") == rouge_l("", "a") == rouge_l_released("", "a") == 0
    assert rouge_l("a b c", "a b c") == 1
    # Sentences are compared each with each: {a, b} and {c}, whatever their order.
    assert rouge_l_released("c. a b", "a b. c") == 1
    assert rouge_l("c. a b", "a b. c") == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("response", "gold", "likeness", "released"),
    [
        (
            "I have added the reminder. It is set for 9 am.",
            "The reminder has been added. It is set for 10 am.",
            5 / 11,
            0.5455,
        ),
        ("AI: Your balance is 12.5 dollars.", "Your balance is 12.5 dollars.", 10 / 11, 0.9231),
        ("the the the cat", "the cat sat. the cat ran.", 3 / 5, 0.6667),
    ],
)
def test_rouge_l_is_that_of_the_packages(response: str, gold: str, likeness: float, released: float) -> None:
    """Literals of rouge-score 0.1.2 (words split at blanks) and of rouge 1.0.1, which the reference calls."""
    assert rouge_l(response, gold) == pytest.approx(likeness)
    assert rouge_l_released(response, gold) == released


@pytest.mark.parametrize(
    ("response", "bare"),
    [
        ("AI: Done.", "Done."),
        (" AI : Done.", "Done."),
        ("AI is fun.", "AI is fun."),
        ("User: AI: x", "User: AI: x"),
        ("", ""),
    ],
)
def test_the_speaker_is_no_part_of_a_response(response: str, bare: str) -> None:
    assert said(response) == bare


def test_responses_without_a_sentence_are_worth_nothing() -> None:
    assert [rouge_l_released(text, "Done.") for text in ("", "...", " ")] == [0, 0, 0]
