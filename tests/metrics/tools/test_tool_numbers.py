"""Numbers in answers, ToolTalk's matching, the list of measures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from toolbench_eval.metrics.tools.calls import Call
from toolbench_eval.metrics.tools.numbers import (
    Calculation,
    calculations,
    final_number,
    last_number,
    recomputes,
    same_number,
)
from toolbench_eval.metrics.tools.registry import MEASURES
from toolbench_eval.metrics.tools.tooltalk import Predicted, ToolTalkScores, conversation


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("He has 3.\n#### 1,234", 1234),
        ("A: 5\nmore\nA: $-2.50", -2.5),
        ("so\nA: 18.", 18),
        ("the answer is 7", None),
        ("PDA: 3", None),
        ("#### none", None),
    ],
)
def test_final_numbers(text: str, number: float | None) -> None:
    assert final_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"), [("from 1 to 2,500.75.", 2500.75), ("-3", -3), (".5 l", 0.5), ("none", None)]
)
def test_last_numbers(text: str, number: float | None) -> None:
    assert last_number(text) == number


def test_numbers_are_the_same_within_a_tolerance() -> None:
    assert same_number(0.1 + 0.2, 0.3)
    assert not same_number(0.31, 0.3)
    assert same_number(0.31, 0.3, tolerance=0.05)
    assert not same_number(None, None)


def test_calculator_calls_are_recomputed() -> None:
    text = "48/2 = <<48/2=24>>24, then <<24*20%=4.8>>4.8 and <<1,000+1=1001>>, <<2+2=5>>, <<3/4=3/4>>, <<x*2=4>>"
    found = calculations(text)
    assert found[:2] == [Calculation("48/2", "24"), Calculation("24*20%", "4.8")]
    assert [recomputes(one) for one in found] == [True, True, True, False, False, False]


LOGIN, SEND, READ = Call("Login", {"user": "a"}), Call("Send", {"to": "b"}), Call("Read", {})
ACTIONS = ("Login", "Send")


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        ([Predicted(LOGIN), Predicted(SEND)], ToolTalkScores(1, 1, 1, 0, True)),
        ([Predicted(SEND), Predicted(READ), Predicted(LOGIN)], ToolTalkScores(2 / 3, 1, 1, 0, True)),
        ([Predicted(LOGIN)], ToolTalkScores(1, 1 / 2, 1, 0, False)),
        ([Predicted(LOGIN), Predicted(SEND), Predicted(SEND)], ToolTalkScores(2 / 3, 1, 2 / 3, 1 / 3, False)),
        ([Predicted(LOGIN), Predicted(SEND), Predicted(SEND, failed=True)], ToolTalkScores(2 / 3, 1, 2 / 3, 0, True)),
        ([], ToolTalkScores(0, 0, 1, 0, False)),
    ],
)
def test_conversations_by_hand(predicted: list[Predicted], expected: ToolTalkScores) -> None:
    assert conversation(predicted, [LOGIN, SEND], ACTIONS) == expected


def test_a_conversation_without_calls_succeeds_without_actions() -> None:
    assert conversation([], [], ACTIONS).success
    assert not conversation([Predicted(SEND)], [], ACTIONS).success


def test_measures_have_names_and_one_line() -> None:
    assert all(name == measure.name and "\n" not in measure.description for name, measure in MEASURES.items())
    assert {"cpr_set", "esm", "pass_rate", "ast", "pass_hat_k"} <= set(MEASURES)
    assert all(name.removesuffix("_released") in MEASURES or name.startswith("conagents") for name in MEASURES)


def test_the_list_of_measures_imports_nothing_heavy() -> None:
    code = "import sys, toolbench_eval.metrics.tools.registry; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "scipy", "pydantic", "pandas"} & set(loaded)
