"""T-Eval: plans, instructions, reviews."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.metrics.tools.calls import Call
from toolbench_eval.metrics.tools.teval import (
    PlanScore,
    Step,
    exact_name,
    instruct_arguments,
    load_literal,
    overall,
    parse_instruct_json,
    parse_instruct_text,
    parse_plan,
    parse_plan_text,
    plan_score,
    plan_score_released,
    retrieve,
    review,
    review_letter,
    understand,
    weighted,
)


def plan(names: str) -> list[Step]:
    return [Step(name) for name in names]


@pytest.mark.parametrize(
    ("made", "gold", "matched"),
    [
        ("abc", "abc", 3),
        ("acb", "abc", 2),
        ("cba", "abc", 1),
        ("axb", "ab", 2),
        ("aab", "ab", 2),
        ("aaa", "aaa", 3),
        ("xy", "ab", 0),
    ],
)
def test_matched_steps_by_hand(made: str, gold: str, matched: int) -> None:
    found = plan_score(plan(made), plan(gold))
    precision, recall = matched / len(made), matched / len(gold)
    f1 = 2 * precision * recall / (precision + recall) if matched else 0
    assert found == PlanScore(pytest.approx(precision), pytest.approx(recall), pytest.approx(f1))


def test_one_step_always_matches_as_released() -> None:
    assert plan_score(plan("xy"), plan("ab")).f1 == 0
    assert plan_score_released(plan("xy"), plan("ab")) == PlanScore(0.5, 0.5, 0.5)
    assert plan_score_released(plan("acb"), plan("abc")) == plan_score(plan("acb"), plan("abc"))
    assert plan_score_released([], plan("ab")).f1 == 0


def test_a_closing_finish_is_left_out() -> None:
    finish = Step("FinishAction")
    assert plan_score([*plan("ab"), finish], plan("ab")).f1 == 1
    assert plan_score([finish], [finish]).f1 == 1
    assert plan_score([finish], plan("ab")).f1 == plan_score([], plan("ab")).f1 == 0


def test_likeness_is_weighted_and_must_exceed_the_threshold() -> None:
    likeness = weighted(lambda a, b: float(a == b))
    assert likeness(Step("a", "x"), Step("a", "y")) == 0.75
    assert likeness(Step("a", "x"), Step("b", "x")) == 0.25
    steps = [Step("a", "x")], [Step("a", "y")]
    assert plan_score(*steps, likeness).f1 == 0
    assert plan_score(*steps, likeness, threshold=0.7).f1 == 1
    assert plan_score(*steps, likeness, threshold=0.75).f1 == 0  # more than the threshold


def test_matching_takes_the_greatest_total() -> None:
    """The first step is a little more like the second gold step, but only the crossed choice serves both."""
    table = {("p", "a"): 0.85, ("p", "b"): 0.9, ("q", "a"): 0.1, ("q", "b"): 0.95}
    found = plan_score(plan("pq"), plan("ab"), lambda step, other: table[step.name, other.name])
    assert found.f1 == 1


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4), st.lists(st.sampled_from("abc"), min_size=1, max_size=4)
)
def test_exact_names_match_as_a_search_over_all_matchings_finds(made: list[str], gold: list[str]) -> None:
    best = 0
    size = min(len(made), len(gold))
    for rows in combinations(range(len(made)), size):
        for columns in permutations(range(len(gold)), size):
            hits = [(row, column) for row, column in zip(rows, columns, strict=True) if made[row] == gold[column]]
            if len(hits) == sum(min(made.count(name), gold.count(name)) for name in set(made)):
                longest = max(
                    length
                    for length in range(len(hits) + 1)
                    for part in combinations(hits, length)
                    if all(np.diff([column for _, column in part]) > 0)
                )
                best = max(best, longest)
    assert plan_score(plan("".join(made)), plan("".join(gold)), exact_name).recall == pytest.approx(best / len(gold))


def test_plans_are_read_from_json_in_order_of_ids() -> None:
    text = 'Plan:\n```json\n[{"id": 1, "name": "b", "args": {"x": 1}}, {"id": 0, "name": "a", "args": {}}]\n```'
    assert parse_plan(text) == [Step("a", "{}"), Step("b", "{'x': 1}")]
    assert parse_plan("[{'id': 0, 'name': 'a', 'args': None}]") == [Step("a", "None")]
    assert parse_plan([{"id": 0, "name": "a", "args": {}}]) == [Step("a", "{}")]
    for broken in ("no plan", "[]", "[1]", '[{"id": "x", "name": "a", "args": {}}]', '[{"name": "a"}]', '{"id": 0}'):
        assert parse_plan(broken) is None


def test_plans_are_read_from_prose_by_the_first_name_of_a_sentence() -> None:
    text = "First use b.get and a.find. Then nothing\nNow a.find again"
    assert parse_plan_text(text, ["a.find", "b.get"]) == [
        Step("b.get", "First use b.get and a.find"),
        Step("a.find", "Now a.find again"),
    ]


def test_literals_are_read_and_nothing_is_executed() -> None:
    assert load_literal("x {'a': True} y", "{", "}") == {"a": True}
    assert load_literal('{"a": true}') == {"a": True}
    assert load_literal("{'a': true}") == {"a": True}
    assert load_literal("__import__('os')") is None


def test_instructions_count_the_name_as_one_argument() -> None:
    gold = Call("f", {"a": 1, "b": "x"})
    assert instruct_arguments(gold, gold) == 1
    assert instruct_arguments(Call("f", {"a": 1}), gold) == pytest.approx(2 / 3)
    assert instruct_arguments(Call("g", {"a": 1, "b": "y", "c": 0}), gold) == pytest.approx(1 / 3)
    assert instruct_arguments(Call("f"), Call("f", {"a": None})) == 0.5
    assert instruct_arguments(None, gold) == 0


def test_formats_of_instructions() -> None:
    keys = {"thought": "t", "action": "name", "args": "input"}
    assert parse_instruct_json('{"t": "hm", "name": "f", "input": {"a": 1}}', keys) == Call("f", {"a": 1})
    assert parse_instruct_json('{"t": "hm", "name": "f", "input": "a"}', keys) == Call("f", {})
    assert parse_instruct_json('{"name": "f", "input": {}}', keys) is None
    assert parse_instruct_json("no", keys) is None
    marks = {
        "thought_start": "T:",
        "thought_end": "\n",
        "action_start": "A:",
        "action_end": "\n",
        "args_start": "I:",
        "args_end": "",
    }
    assert parse_instruct_text("T: hm\nA: f \nI: {'a': 1}", marks) == Call("f", {"a": 1})
    assert parse_instruct_text("T: hm\nA: f\nI: broken", marks) == Call("f", {})
    assert parse_instruct_text("A: f\nI: {}", marks) is None


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("Answer: B", "B"),
        ("C", "C"),
        ("My choice: A. Success", "A"),
        ("F", None),
        ("b", None),
        ("", None),
        ("x: y: A", None),
    ],
)
def test_letters_of_reviews(reply: str, letter: str | None) -> None:
    assert review_letter(reply) == letter
    assert review(reply, "B") == float(letter == "B")


def test_steps_and_the_mean_of_six() -> None:
    assert (retrieve("a.b", "a.b"), retrieve("a", "a.b")) == (1, 0)
    assert understand({"a": 1, "b": "x"}, {"a": "1", "b": "y"}) == 0.5
    assert (understand({}, {}), understand({"a": 1}, {})) == (1, 0)
    six = dict.fromkeys(("instruct", "plan", "reason", "retrieve", "understand", "review"), 0.5)
    assert overall(six | {"plan": 1.0, "extra": 9.0}) == pytest.approx(3.5 / 6)
