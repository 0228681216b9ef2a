"""Accuracy by a judge: what it is asked, how its reply is read, how it agrees with exact match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from toolbench_eval.errors import DataError
from toolbench_eval.llms.base import Message, Reply, Sampling, Usage
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.metrics.answers.judged import (
    PROMPT,
    Agreement,
    Judged,
    agreement,
    judge,
    messages,
    parse_released,
    parse_verdict,
    runs,
    summarise,
)
from toolbench_eval.prompts import load_prompt


@pytest.mark.parametrize(
    ("reply", "said", "released"),
    [
        ("yes", True, True),
        (" Yes, it is.", True, True),
        ("NO", False, False),
        ("no, though yes in part", False, True),
        ("No: yesterday", False, True),
        ("**Yes**", True, True),
        ("eyes", None, True),
        ("I cannot say", None, False),
        ("", None, False),
    ],
)
def test_the_first_word_decides(reply, said, released):
    assert parse_verdict(reply) is said
    assert parse_released(reply) is released


def by_word(asked: list[Message]) -> str:
    """Yes where a reference stands word for word in the answer."""
    text = asked[-1].text
    golds = re.findall(r"^- (.*)$", text, re.MULTILINE)
    answer = text.partition("graded:\n")[2].partition("\n=====")[0]
    return "Yes." if any(gold in answer for gold in golds) else "no" if answer else "Hm."


def test_judging_with_a_scripted_model():
    llm = Scripted(by_word, "scripted/by_word")
    right = judge(llm, "Who?", "It was Ann {golds}", ["Ann", "Anna"])
    wrong = judge(llm, "Who?", "Bob", ["Ann"], attempt=2)
    unread = judge(llm, "Who?", "", ["Ann"])
    assert (right.score, right.parsed, right.reply) == (1, True, "Yes.")
    assert (wrong.score, wrong.parsed, wrong.attempt) == (0, True, 2)
    assert (unread.score, unread.parsed, unread.reply) == (0, False, "Hm.")
    assert right.model == "scripted/by_word"
    assert right.prompt == load_prompt(PROMPT).digest
    assert right.usage is not None
    assert right.usage.output_tokens == 1
    assert summarise([right, wrong, unread, right]) == Judged(accuracy=0.5, unparsed=1, verdicts=4)


def test_what_is_asked():
    system, user = messages(load_prompt(PROMPT), "Who?", "  Ann\nor Bob {question}", ["Ann", "Cid"])
    assert (system.role, user.role) == ("system", "user")
    assert "Who?" in user.text
    assert "\n- Ann\n- Cid\n" in user.text
    assert "  Ann\nor Bob {question}\n" in user.text  # the prediction goes in as it stands, unfilled
    assert "yes or no" in system.text


class Recorder:
    """Remembers how it was asked."""

    def __init__(self) -> None:
        self.name, self.identity = "recorder", {}
        self.asked: list[tuple[Sampling, int]] = []

    def complete(self, messages, sampling=None, attempt=0):
        self.asked.append((sampling, attempt))
        return Reply("yes", Usage(1, 1))


def test_one_run_at_temperature_0_and_three_above():
    assert list(runs(Sampling())) == [0]
    assert list(runs(Sampling(temperature=0.7))) == [0, 1, 2]
    llm = Recorder()
    drawn = Sampling(temperature=0.7, seed=5)
    for attempt in runs(drawn):
        judge(llm, "q", "p", ["g"], sampling=drawn, attempt=attempt)
    assert [attempt for _, attempt in llm.asked] == [0, 1, 2]
    assert [sampling.seed for sampling, _ in llm.asked] == [5, 6, 7]
    judge(llm, "q", "p", ["g"])
    assert llm.asked[-1] == (Sampling(), 0)


def test_nothing_to_judge_by():
    with pytest.raises(DataError, match="no gold answer"):
        judge(Recorder(), "q", "p", [])
    with pytest.raises(DataError, match="no verdicts"):
        summarise([])


def test_agreement_by_hand():
    # 20 both yes, 5 and 10 apart, 15 both no: p_o 0.7, p_e 0.5
    judged = [True] * 25 + [False] * 25
    matched = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    assert agreement(judged, matched) == Agreement(50, 0.7, pytest.approx(0.4))
    assert agreement([True, False], [True, False]) == Agreement(2, 1, 1)
    assert agreement([True, False], [False, True]) == Agreement(2, 0, -1)
    assert agreement([True, True], [True, True]) == Agreement(2, 1, None)
    assert agreement([True, True], [True, False]).kappa == 0
    for lengths in ([], []), ([True], []):
        with pytest.raises(DataError, match="cannot be compared"):
            agreement(*lengths)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_kappa_against_scikit_learn(pairs):
    judged, matched = map(list, zip(*pairs, strict=True))
    got = agreement(judged, matched)
    if got.kappa is None:
        assert len({*judged, *matched}) == 1
    else:
        assert got.kappa == pytest.approx(cohen_kappa_score(judged, matched), abs=1e-12)
