"""A model as a judge, trivia and logic grids."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.assessment import (
    RATINGS,
    Criterion,
    criteria,
    criteria_released,
    criterion_values,
    rating,
)
from toolbench_eval.metrics.tools.spp import (
    Trivia,
    after_mark,
    logic_grid,
    occurs,
    occurs_as_word,
    trivia,
    trivia_accuracy,
)


@pytest.mark.parametrize(("word", "place"), list(zip(RATINGS, range(1, 8), strict=True)))
def test_rating_words_are_ordinal(word: str, place: int) -> None:
    assert rating(f"Score: **{word.upper()}** - because") == place


def test_the_first_and_the_longer_word_count() -> None:
    assert rating("very good, not merely good") == 6
    assert rating("It was Extremely poor. Good luck.") == 1
    assert rating("goodness, unfair") is None


NAMES = ("Flow", "Style")


def test_the_released_parsing_takes_numbers_by_position() -> None:
    assert criteria_released(["Flow: 18\nStyle: 10", "Flow: 20\nStyle: 12"], 2) == [95, 55]
    # The numbers of a list are taken for marks, what exceeds 20 counts 0, and so does what is not there.
    assert criteria_released(["1. Flow: 18\n2. Style: 10"], 2) == [5, 90]
    assert criteria_released(["Flow: 85\nStyle: 10", "Flow: 10"], 2) == [25, 25]
    assert criteria_released([], 2) == [0, 0]


@pytest.mark.parametrize(
    "reply",
    [
        "Flow: 18\nStyle: 7",
        "1. Flow: 18\n2. Style: 7",
        "**Flow (1-20):** 18/20\n**Style (1-20):** 7/20",
        'Here: {"flow": 18, "Style": 7}',
        "style 7\nflow 18",
    ],
)
def test_criteria_are_read_by_name(reply: str) -> None:
    assert criterion_values(reply, NAMES) == {"Flow": 18, "Style": 7}


@pytest.mark.parametrize("reply", ["", "fine", "Flow: 25\nStyle: 0", '{"Flow": true, "Style": "7"}', "Flow:\nStyle:"])
def test_what_gives_no_mark_is_missing(reply: str) -> None:
    assert criterion_values(reply, NAMES) == {"Flow": None, "Style": None}


def test_marks_are_averaged_over_the_calls_that_gave_one() -> None:
    found = criteria(["Flow: 18\nStyle: 10", "Flow: 20", "none"], NAMES)
    assert found == {"Flow": Criterion(95, 5, 1), "Style": Criterion(50, 0, 2)}
    assert math.isnan(criteria(["none"], NAMES)["Flow"].mean)
    assert criteria(["none"], NAMES)["Flow"].missing == 1


@given(st.lists(st.lists(st.integers(1, 20), min_size=2, max_size=2), min_size=1, max_size=10))
def test_both_parsings_agree_on_clean_replies(marks: list[list[int]]) -> None:
    replies = [f"Flow: {flow}\nStyle: {style}" for flow, style in marks]
    found = criteria(replies, NAMES)
    assert [found[name].mean for name in NAMES] == pytest.approx(criteria_released(replies, 2))
    assert all(5 <= found[name].mean <= 100 for name in NAMES)


STORY = "The man from West Berlin saw Ada Lovelace in 1815."
ANSWERS = [["Berlin"], ["ADA LOVELACE", "Ada"], ["is"], ["81"], ["paris", "an"]]


def test_trivia_by_hand() -> None:
    assert trivia(STORY, ANSWERS) == Trivia(4, 5)
    assert trivia(STORY, ANSWERS, occurs_as_word) == Trivia(2, 5)
    assert trivia_accuracy([Trivia(1, 5), Trivia(9, 10)]) == pytest.approx(10 / 15)
    assert trivia_accuracy([]) == 0


@pytest.mark.parametrize(
    ("alias", "text", "inside", "word"),
    [
        ("is", "this", True, False),
        ("is", "it is.", True, True),
        ("U.S.", "the U.S. army", True, True),
        ("q", "queue", True, False),
        ("", "x", True, False),
        ("C++", "I use c++, daily", True, True),
        ("naïve", "NAÏVE", True, True),
        ("x", "y", False, False),
    ],
)
def test_words_are_bounded(alias: str, text: str, inside: bool, word: bool) -> None:
    assert occurs(alias, text) is inside
    assert occurs_as_word(alias, text) is word


@given(st.text(max_size=12), st.text(max_size=3), st.text(max_size=5))
def test_a_word_is_a_part_and_appending_keeps_parts(text: str, alias: str, more: str) -> None:
    assert occurs_as_word(alias, text) <= occurs(alias, text)
    if occurs(alias, text):
        assert occurs(alias, text + " " + more)


def test_the_text_after_a_mark() -> None:
    assert after_mark("Plan: a\nStory: b\nStory: c", "Story:") == "b"
    assert after_mark("final answer: 3", "Final answer:") == "3"
    assert after_mark("just this", "Story:") == "just this"


@pytest.mark.parametrize(
    ("answer", "target", "right"),
    [
        ("2", "2", 1),
        ("The second house.", "2", 1),
        ("House 2, the second", "2", 1),
        ("2, since house 1 is taken", "2", 0),
        ("3", "2", 0),
        ("none", "2", 0),
        ("10", "1", 0),
        ("12", "2", 0),
        ("tenth", "10", 1),
        ("10", "10", 0),  # it holds a 1, as released
    ],
)
def test_logic_grids(answer: str, target: str, right: float) -> None:
    assert logic_grid(answer, target) == right


@given(st.integers(1, 5), st.integers(1, 5))
def test_two_different_numbers_are_never_right(one: int, other: int) -> None:
    assert logic_grid(f"{one} or {other}", str(one)) == float(one == other)
