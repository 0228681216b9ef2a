"""Preference pairs of a turn: what is chosen and what is rejected, and how replies are drawn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.trip_turn import GOLD, INVENTED, NO_DAY, OTHER_DAY, RIGHT, TEXT, TURN, WRONG_TOOL

from toolbench_eval.errors import UsageError
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling
from toolbench_eval.metrics.tools.calls import Call
from toolbench_eval.metrics.tools.error_oriented import esm_corrected
from toolbench_eval.training.preferences import completions, judge, reply_of
from toolbench_eval.training.turns import Turn

# Judging


def five(*texts: str, turn: Turn = TURN, **how: object) -> tuple[list[tuple[str, str]], object]:
    """Chosen and rejected texts of each pair, and what was judged."""
    names = [tool.name for tool in turn.tools]
    judged = judge(turn, [reply_of(text, names) for text in texts], **how)  # type: ignore[arg-type]
    pairs = [(line["chosen"][0]["content"], line["rejected"][0]["content"]) for line in judged.lines]
    return pairs, judged


def test_all_right_gives_no_pair() -> None:
    pairs, judged = five(*[RIGHT] * 5)
    assert (pairs, judged.outcome, judged.scores) == ([], "nothing rejected", (1.0,))


def test_all_equal_and_bad_rejects_the_one_for_the_gold_call() -> None:
    pairs, judged = five(*[WRONG_TOOL] * 5)
    assert pairs == [(RIGHT, WRONG_TOOL)]
    assert judged.gold_chosen


def test_all_bad_rejects_each_for_the_gold_call() -> None:
    pairs, judged = five(WRONG_TOOL, NO_DAY, TEXT, INVENTED, NO_DAY)
    assert pairs == [(RIGHT, text) for text in (WRONG_TOOL, NO_DAY, TEXT, INVENTED)]
    assert judged.gold_chosen
    assert judged.scores == pytest.approx((8 / 11, 7 / 11, 0, 2 / 11))
    assert [line["chosen_from"] for line in judged.lines] == ["gold"] * 4
    assert [line["errors"] for line in judged.lines] == [
        ["wrong_tool"],
        ["missing_required"],
        ["no_call"],
        ["hallucinated_tool"],
    ]


def test_a_mix_chooses_the_last_of_the_best() -> None:
    thursday = OTHER_DAY.replace("Friday", "Thursday")
    pairs, judged = five(TEXT, OTHER_DAY, WRONG_TOOL, thursday, OTHER_DAY)
    assert pairs == [(thursday, TEXT), (thursday, WRONG_TOOL)]
    assert not judged.gold_chosen
    assert [line["scores"] for line in judged.lines] == [
        {"chosen": pytest.approx(10 / 11), "rejected": 0},
        {"chosen": pytest.approx(10 / 11), "rejected": pytest.approx(8 / 11)},
    ]


def test_the_threshold_decides_between_gold_and_model() -> None:
    assert five(OTHER_DAY, WRONG_TOOL)[0] == [(OTHER_DAY, WRONG_TOOL)]
    assert five(OTHER_DAY, WRONG_TOOL, threshold=0.95)[0] == [(RIGHT, OTHER_DAY), (RIGHT, WRONG_TOOL)]


def test_the_released_score_lets_a_missing_argument_pass_more_easily_and_fails_on_invented_tools() -> None:
    # Required arguments are looked for in the gold call: 8.5/11 = 0.773, which a threshold of 0.75 takes.
    assert five(NO_DAY, TEXT, threshold=0.75, score="released")[0] == [(NO_DAY, TEXT)]
    assert five(NO_DAY, TEXT, threshold=0.75)[0] == [(RIGHT, NO_DAY), (RIGHT, TEXT)]
    pairs, judged = five(OTHER_DAY, INVENTED, score="released")
    assert (pairs, judged.outcome) == ([], "unscorable")
    with pytest.raises(UsageError, match="corrected, released"):
        five(RIGHT, score="mine")


def test_a_gold_call_that_breaks_its_schema_is_left_out() -> None:
    broken = replace(TURN, gold=Call("flight", {"to": "Rome", "when": "Monday"}))  # (3 + 1.5 + 0.5 + 1 + 2) / 11
    pairs, judged = five(RIGHT, TEXT, turn=broken)
    assert (pairs, judged.outcome) == ([], "gold breaks its schema")


def test_replies_are_read_as_agents_read_them() -> None:
    names = ["flight", "hotel"]
    assert reply_of("Thought: x\nAction: flight\nAction Input: {}", names).call == Call("flight", {})
    assert reply_of('<think>Action: hotel[{}]</think>flight[{"to": "x"}]', names).call == Call("flight", {"to": "x"})
    for text in ("Action: Finish[Rome]", "Action: flight[Rome]", "Action: flight[[1]]", "", "flight"):
        assert reply_of(text, names).call is None


def test_what_differs_in_a_pair_is_the_call_alone() -> None:
    pairs, _ = five('Thought: long\nAction: flight({"day": "Monday", "to": "Rome"})', f"Thought: hm\n{WRONG_TOOL}")
    assert pairs == [('Action: flight[{"day": "Monday", "to": "Rome"}]', WRONG_TOOL)]


TEXTS = st.sampled_from([RIGHT, OTHER_DAY, NO_DAY, WRONG_TOOL, INVENTED, TEXT, "", 'Action: flight[{"to": 3}]'])


@given(st.lists(TEXTS, min_size=1, max_size=5), st.sampled_from([0.0, 0.5, 0.8, 0.95, 1.0]))
def test_what_always_holds(texts: list[str], threshold: float) -> None:
    _, judged = five(*texts, threshold=threshold)
    tools = TURN.described
    for line in judged.lines:
        chosen = Call(**line["chosen_call"])
        score = esm_corrected(chosen, GOLD, tools).score
        assert score >= threshold or chosen == GOLD
        assert line["scores"]["chosen"] == pytest.approx(score)
        rejected = line["rejected_call"]
        if rejected is None:
            assert line["errors"] == ["no_call"]
        else:
            assert line["scores"]["rejected"] < line["scores"]["chosen"]
            assert Call(**rejected) != chosen
    assert len({json.dumps(line["rejected"]) for line in judged.lines}) == len(judged.lines)


# Drawing


class Draws:
    """Says its lines in order, and keeps how it was asked."""

    name = "draws"

    def __init__(self, *lines: str) -> None:
        self.identity: dict[str, str] = {}
        self.left = list(lines)
        self.asked: list[tuple[Sampling, int]] = []

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        assert list(messages) == list(TURN.messages)
        self.asked.append((sampling, attempt))
        return Reply(self.left.pop(0))


def test_each_draw_has_a_seed_of_its_own() -> None:
    llm = Draws(RIGHT, TEXT, WRONG_TOOL)
    found = completions(llm, TURN, 3, 0.7, seed=5)
    assert [reply.call and reply.call.name for reply in found] == ["flight", None, "hotel"]
    assert [attempt for _, attempt in llm.asked] == [0, 1, 2]
    seeds = [sampling.seed for sampling, _ in llm.asked]
    assert len(set(seeds)) == 3
    assert {(sampling.temperature, sampling.stop) for sampling, _ in llm.asked} == {(0.7, ("\nObservation",))}
    again = Draws(RIGHT, TEXT, WRONG_TOOL)
    completions(again, TURN, 3, 0.7, seed=5)
    assert again.asked == llm.asked
    other = Draws(RIGHT)
    completions(other, TURN, 1, 0.7, seed=6)
    assert other.asked[0] != llm.asked[0]
