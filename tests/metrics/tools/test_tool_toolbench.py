"""Pass rates and win rates from scripted verdicts."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.toolbench import (
    SOLVED,
    Answer,
    Judgement,
    Pass,
    PassRate,
    SolvablePassRate,
    Task,
    answer_completeness,
    cell,
    pass_labels_released,
    pass_rate,
    pass_rate_released,
    solvable_pass_rate,
)
from toolbench_eval.metrics.tools.win_rate import (
    Outcome,
    Run,
    WinRate,
    by_rule,
    compare,
    compare_released,
    majority,
    win_rate,
)

SOLVED_, UNSURE, UNSOLVED = Answer.SOLVED, Answer.UNSURE, Answer.UNSOLVED


@pytest.mark.parametrize(
    ("answer", "row"),
    [
        (SOLVED_, (Pass.PASS, Pass.PASS, Pass.PASS)),
        (UNSURE, (Pass.UNSURE, Pass.UNSURE, Pass.PASS)),
        (UNSOLVED, (Pass.FAIL, Pass.UNSURE, Pass.PASS)),
    ],
)
def test_the_nine_cells(answer: Answer, row: tuple[Pass, ...]) -> None:
    assert tuple(cell(answer, task) for task in (Task.SOLVABLE, Task.UNSURE, Task.UNSOLVABLE)) == row


YES, MAYBE, NO = Judgement(SOLVED_), Judgement(UNSURE), Judgement(UNSOLVED)
LOST = Judgement(SOLVED_, finished=False)


def test_unsure_is_half_a_pass_and_missing_tasks_count() -> None:
    judged = {"a": [YES, YES, NO], "b": [NO, YES], "c": [MAYBE], "d": [NO, MAYBE], "e": [LOST, LOST]}
    assert pass_rate(judged, list("abcdef")) == PassRate(rate=(1 + 0.5 + 0.5) / 6, unsure=2 / 6, missing=1, tasks=6)
    assert pass_rate({}, []) == PassRate(0.0, 0.0, 0, 0)


def test_the_released_rate_drops_missing_tasks_and_passes_ties() -> None:
    judged = {"a": [YES, NO], "b": [NO], "c": [LOST]}
    assert pass_rate_released(judged) == pytest.approx(1 / 3)
    assert {pass_labels_released({"a": [YES, NO]}, seed)["a"] for seed in range(20)} == {True, False}


def test_coin_flips_are_seeded_and_average_to_one_half() -> None:
    judged = {str(task): [MAYBE] for task in range(200)}
    rates = [pass_rate_released(judged, seed) for seed in range(50)]
    assert rates[0] == pass_rate_released(judged, 0)
    assert len(set(rates)) > 1
    assert statistics.fmean(rates) == pytest.approx(pass_rate(judged, list(judged)).rate, abs=0.02)


@given(st.lists(st.sampled_from(Answer), min_size=1, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_unsolvable_tasks_pass_whatever_is_answered(answers: list[Answer], finished: list[bool]) -> None:
    """Documents the flaw of the measure: 1 minus the runs without Finish, under both conventions."""
    judged = {
        str(at): [Judgement(answer, Task.UNSOLVABLE, ended)]
        for at, (answer, ended) in enumerate(zip(answers, finished, strict=False))
    }
    ended = sum(finished[: len(answers)]) / len(answers)
    assert pass_rate(judged, list(judged)).rate == pytest.approx(ended)
    assert pass_rate_released(judged) == pytest.approx(ended)


def test_sopr_is_a_mean_over_tasks_of_each_judge_run() -> None:
    statuses = {"a": [SOLVED_, SOLVED_], "b": [UNSURE, UNSOLVED], "c": [SOLVED_]}
    assert solvable_pass_rate(statuses, list("abcd"), runs=2) == SolvablePassRate(
        mean=pytest.approx((2.5 / 4 + 1 / 4) / 2), deviation=pytest.approx((2.5 / 4 - 1 / 4) / 2)
    )
    assert solvable_pass_rate({}, [], 3) == SolvablePassRate(0.0, 0.0)


@given(st.lists(st.sampled_from(Answer), min_size=1))
def test_sopr_never_exceeds_the_share_not_unsolved(answers: list[Answer]) -> None:
    found = solvable_pass_rate(
        {str(at): [answer] for at, answer in enumerate(answers)}, list(map(str, range(len(answers)))), 1
    )
    assert found.mean == pytest.approx(statistics.fmean(SOLVED[answer] for answer in answers))
    assert found.mean <= sum(answer is not UNSOLVED for answer in answers) / len(answers) + 1e-12


def test_answer_completeness_reads_the_status() -> None:
    assert answer_completeness("Answer Status\nSolved\nReason\nfine") is SOLVED_
    assert answer_completeness("Answer Status: UNSOLVED") is UNSOLVED
    assert answer_completeness("Solved, nothing is left unsolved") is UNSOLVED  # as released
    assert answer_completeness("no idea") is None


A, B = Run("a", SOLVED_), Run("b", SOLVED_)


def first(one: object, other: object) -> int:
    """A judge that always prefers the first answer."""
    return 0


def longer(one: str, other: str) -> int:
    """A judge without a preference for a place."""
    return 0 if len(one) >= len(other) else 1


@pytest.mark.parametrize(
    ("candidate", "reference", "expected"),
    [
        (Run("a", UNSOLVED, passed=True), Run("b", SOLVED_, passed=False), Outcome.WIN),
        (Run("a", SOLVED_, passed=False), Run("b", UNSOLVED, passed=True), Outcome.LOSS),
        (Run("a", SOLVED_, passed=True), Run("b", UNSOLVED, passed=True), Outcome.WIN),
        (Run("a", UNSURE), Run("b", UNSOLVED), Outcome.WIN),
        (Run("a", UNSURE), Run("b", SOLVED_), Outcome.LOSS),
        (A, B, None),
        (Run("a", UNSURE), Run("b", UNSURE), None),
        (Run("a", UNSOLVED), Run("b", UNSOLVED), None),
        (None, B, Outcome.LOSS),
        (A, None, Outcome.WIN),
        (None, None, Outcome.TIE),
    ],
)
def test_the_rule(candidate: Run | None, reference: Run | None, expected: Outcome | None) -> None:
    assert by_rule(candidate, reference) is expected


def test_a_judge_with_a_preferred_place_ties() -> None:
    outcomes = [compare(Run(f"a{at}", SOLVED_), Run(f"b{at}", SOLVED_), first) for at in range(10)]
    assert win_rate(outcomes) == WinRate(0.0, 1.0, 0.0)
    assert win_rate(outcomes).rate == 0.5
    released = [
        compare_released(Run(f"a{at}", SOLVED_), Run(f"b{at}", SOLVED_), first, random.Random(0)) for at in range(10)
    ]
    assert win_rate(released).rate == 0


def test_a_fair_judge_decides() -> None:
    assert compare(Run("aaa", SOLVED_), B, longer) is Outcome.WIN
    assert compare(A, Run("bbb", SOLVED_), longer) is Outcome.LOSS
    assert compare_released(Run("aaa", SOLVED_), B, longer, random.Random(0)) is Outcome.WIN
    assert compare_released(None, None, longer, random.Random(0)) is Outcome.WIN
    assert compare_released(None, B, longer, random.Random(0)) is Outcome.LOSS


def test_identical_runs_tie_and_are_a_coin_flip_as_released() -> None:
    assert compare(A, A, first) is Outcome.TIE
    assert {compare_released(A, A, first, random.Random(seed)) for seed in range(20)} == {Outcome.WIN, Outcome.LOSS}


def test_the_majority_of_rounds_decides() -> None:
    win, tie, loss = Outcome.WIN, Outcome.TIE, Outcome.LOSS
    assert majority([win, tie, tie]) is win
    assert majority([win, loss, tie]) is tie
    assert majority([loss]) is loss
    assert win_rate([win, win, tie, loss]) == WinRate(0.5, 0.25, 0.25)
    assert win_rate([]) == WinRate(0.0, 0.0, 0.0)


runs = st.none() | st.builds(Run, st.text("ab", max_size=3), st.sampled_from(Answer), st.none() | st.booleans())


@given(st.lists(st.tuples(runs, runs), min_size=1), st.sampled_from([first, longer]))
def test_swapping_runs_swaps_wins_and_losses(pairs: list[tuple[Run | None, Run | None]], judge: object) -> None:
    there = win_rate([compare(one, other, judge) for one, other in pairs])  # type: ignore[arg-type]
    back = win_rate([compare(other, one, judge) for one, other in pairs])  # type: ignore[arg-type]
    assert (there.win, there.tie, there.loss) == (back.loss, back.tie, back.win)
    assert there.win + there.tie + there.loss == pytest.approx(1)
