"""Reading replies."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.agents.shared.parsing import (
    after_marker,
    concluded,
    cut_at,
    sentences,
    short_answer,
    spoken,
    stated,
)
from toolbench_eval.data.questions import AnswerType

# Random text with the very pieces that the parsers look for.
PIECES = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                "Answer:",
                "answer is",
                "```",
                "**",
                "<think>",
                "</think>",
                "\n",
                '"',
                "“",
                "[",
                "]",
                ".",
                "yes",
                "Dr.",
                " ",
            ]
        ),
    ),
    max_size=12,
).map("".join)
TYPES = st.sampled_from(get_args(AnswerType))


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("<think>Answer: 7?\nno</think>\nAnswer: 8", "Answer: 8"),
        ("the template opened it\n</think> 8", "8"),
        ("<THINK>cut off before the end", ""),
        ("```text\nParis\n```", "Paris"),
        ("```Paris```", "Paris"),
        ("**Answer:** Paris", "Answer: Paris"),
        ("M*A*S*H", "M*A*S*H"),
    ],
)
def test_only_what_is_said_counts(reply, text):
    assert spoken(reply) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\nObservation: b\nObservation: c", "a"),
        ("a\nOBSERVATION 1: b", "a"),
        ("Observation: b", ""),
        ("my Observation: b", "my Observation: b"),
        ("", ""),
    ],
)
def test_a_stop_string_that_was_ignored(text, left):
    assert cut_at(text, "\nObservation", "\nStop") == left


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Answer: Paris", "Paris"),
        ("ANSWER : Paris", "Paris"),
        ("I had Answer: Rome. No.\nAnswer: Paris", "Paris"),
        ("Answer: Paris\nAnswer:", "Paris\nAnswer:"),
        ("So the answer  is: Paris.", "Paris."),
        ("The answer is not known.\nAnswer: Paris", "Paris"),
        ("The answer isn't Paris", None),
        ("nonanswer: Paris", None),
        ("Answer:", None),
    ],
)
def test_what_stands_behind_a_marker(text, rest):
    assert after_marker(text, "answer:", "answer is") == rest


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Paris", "Paris"),
        ("Paris.\nIt is a city.", "Paris"),
        ("The answer is: 'Paris'.", "Paris"),
        ("So, the final answer is Paris", "Paris"),
        ("“Paris.”", "Paris"),
        ("<Paris>", "Paris"),
        ("[Paris]", "Paris"),
        ("`Paris`;", "Paris"),
        ("Washington, D.C.", "Washington, D.C."),
        ('"Weird Al" Yankovic', '"Weird Al" Yankovic'),
        ('"Hero" and "Anti-Hero"', '"Hero" and "Anti-Hero"'),
        ("Oklahoma!", "Oklahoma!"),
        ("Who's Afraid of Virginia Woolf?", "Who's Afraid of Virginia Woolf?"),
        ("\n\n  1852 \n", "1852"),
        ("Yes.", "Yes"),
        ("", None),
        ('"."', None),
        ("...", None),
        ("The answer is:", None),
    ],
)
def test_a_span_is_bare(text, answer):
    assert short_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes", "yes"),
        ("TRUE.", "yes"),
        ("No, that is not true", "no"),
        ("**False**", "no"),
        ("He was not yet born. So no", "no"),
        ("Nobody noticed Norway", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_a_boolean_is_yes_or_no(text, answer):
    assert short_answer(text, "boolean") == answer


def test_a_text_keeps_its_words():
    assert short_answer(" It was\n\nLondon. ", "text") == "It was London."
    assert stated("The hard part of an answer is brevity.", "text") == "The hard part of an answer is brevity."


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("Paris", "Paris"),
        ("He was born there.\nAnswer: Paris.", "Paris"),
        ("The answer is Paris", "Paris"),
        (" ", None),
    ],
)
def test_an_answer_alone(reply, answer):
    assert stated(reply) == answer


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("He was a poet.\nSo it was London.\n**Answer:** London.", "London"),
        ("He was a poet. So the answer is London", "London"),
        ("London", "London"),
        ("He was a poet.\nSo it was London.", None),
        ("one two three four five six seven eight nine ten eleven twelve thirteen", None),
        ("Answer:", None),
    ],
)
def test_an_answer_at_the_end_of_reasoning(reply, answer):
    assert concluded(reply) == answer


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. J. K. Rowling lives in St. Ives. She writes.", ["Dr. J. K. Rowling lives in St. Ives.", "She writes."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("It costs 3.50 dollars. In 1852 it was less.", ["It costs 3.50 dollars.", "In 1852 it was less."]),
        ("one\ntwo. three", ["one two. three"]),
        ("他是诗人。他死了。", ["他是诗人。", "他死了。"]),
        (" ", []),
    ],
)
def test_sentences(text, parts):
    assert sentences(text) == parts


@given(PIECES, TYPES)
def test_no_reply_breaks_a_reader_and_no_answer_is_empty(reply, answer_type):
    for answer in (stated(reply, answer_type), concluded(reply, answer_type), short_answer(reply, answer_type)):
        assert answer is None or answer.strip() == answer != ""
        if answer_type == "boolean":
            assert answer in {None, "yes", "no"}


@given(PIECES)
def test_a_bare_answer_stays_as_it_is(reply):
    answer = short_answer(reply)
    assert answer is None or short_answer(answer) == answer


@given(PIECES, st.text(min_size=1, max_size=4))
def test_what_is_cut_holds_no_stop(text, stop):
    left = cut_at(text, stop)
    assert text.startswith(left)
    assert stop not in left


@given(PIECES)
def test_sentences_lose_nothing(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9 -]{0,20}[A-Za-z0-9])?", fullmatch=True), st.text(max_size=30))
def test_an_announced_answer_is_found_again(answer, reasoning):
    plain = reasoning.replace("<", "")
    assert concluded(f"{plain}\nAnswer: {answer}") == short_answer(answer)


@pytest.mark.parametrize("answer_type", get_args(AnswerType))
@pytest.mark.parametrize("many", ["answer: " * 100_000, "a." * 100_000, "answer: " * 100_000 + "[yes].", "'" * 100_000])
def test_a_reply_that_says_one_thing_a_hundred_thousand_times_is_read(many: str, answer_type: AnswerType):
    found = short_answer(many, answer_type)
    assert found is None or len(found) <= len(many)
    assert stated(many + "\nAnswer: yes.", answer_type) in ("yes", "yes.")


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("answer: answer: Paris.", "Paris"),
        ("The answer is: 'So the final answer is <Paris>.'", "Paris"),
        ("answer: answer:", "answer"),  # the last colon goes before the last lead is looked at
        ("Answer: U.S.", "U.S."),
        ("answer: [[1]]", "[[1]]"),
    ],
)
def test_leads_and_wrapping_go_in_turn(line: str, bare: str):
    assert short_answer(line) == bare
