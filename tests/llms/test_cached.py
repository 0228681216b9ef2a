"""The response cache: whatever changes the answer changes the key, and a finished call is never repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from support.endpoint import EndpointServer

from toolbench_eval.errors import EndpointError
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling, Token, Usage
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.load import load_llm
from toolbench_eval.llms.meter import Meter, Price, price_of
from toolbench_eval.memo import Memo

ASK = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))


@dataclass
class Counting:
    """Numbers its answers."""

    identity: dict[str, object] = field(default_factory=lambda: {"model": "m", "endpoint": "e"})
    name: str = "counting"
    asked: int = 0

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        self.asked += 1
        return Reply(f"answer {self.asked}", Usage(10, 2), "length", (Token("t", -0.25),))


def test_the_same_question_is_asked_once(tmp_path: Path):
    llm = Counting()
    first = CachedLLM(llm, Memo(tmp_path / "m.sqlite"), Meter()).complete(ASK)
    again = CachedLLM(llm, Memo(tmp_path / "m.sqlite"), Meter()).complete(list(ASK))
    assert llm.asked == 1
    assert again == replace(first, cached=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda ask: (ask[:2], Sampling(), 0),
        lambda ask: ((*ask[:2], Message("user", "c ")), Sampling(), 0),
        lambda ask: ((Message("system", "a"), *ask[1:]), Sampling(), 0),
        lambda ask: ((Message("user", "ab"), Message("assistant", ""), ask[2]), Sampling(), 0),
        lambda ask: (ask, Sampling(temperature=0.1), 0),
        lambda ask: (ask, Sampling(top_p=0.5), 0),
        lambda ask: (ask, Sampling(max_tokens=1), 0),
        lambda ask: (ask, Sampling(stop=("x",)), 0),
        lambda ask: (ask, Sampling(seed=0), 0),
        lambda ask: (ask, Sampling(logprobs=True), 0),
        lambda ask: (ask, Sampling(), 1),
    ],
)
def test_every_part_of_the_question_is_in_the_key(tmp_path: Path, change):
    llm = Counting()
    cached = CachedLLM(llm, Memo(tmp_path / "m.sqlite"), Meter())
    cached.complete(ASK)
    assert cached.complete(*change(ASK)).text == "answer 2"
    assert cached.complete(ASK).text == "answer 1"


@pytest.mark.parametrize("identity", [{"model": "n", "endpoint": "e"}, {"model": "m", "endpoint": "f"}])
def test_model_and_endpoint_are_in_the_key(tmp_path: Path, identity):
    memo = Memo(tmp_path / "m.sqlite")
    CachedLLM(Counting(), memo, Meter()).complete(ASK)
    assert not CachedLLM(Counting(identity), memo, Meter()).complete(ASK).cached


def test_a_value_that_is_no_reply_is_asked_for_again(tmp_path: Path):
    memo, llm = Memo(tmp_path / "m.sqlite"), Counting()
    cached = CachedLLM(llm, memo, Meter())
    memo.put({cached._key(ASK, Sampling(), 0): b'{"text": "half'})
    assert cached.complete(ASK).text == "answer 1"


def test_of_two_that_ask_at_once_the_first_answer_counts_for_both(tmp_path: Path):
    memo = Memo(tmp_path / "m.sqlite")

    class Slow(Counting):
        def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
            CachedLLM(Counting(), memo, Meter()).complete(messages)  # another process, meanwhile
            return replace(super().complete(messages), text="too late")

    first = CachedLLM(Slow(), memo, Meter()).complete(ASK)
    assert (first.text, first.cached) == ("answer 1", False)
    assert CachedLLM(Counting(), memo, Meter()).complete(ASK) == replace(first, cached=True)


def test_tokens_and_dollars_of_cached_answers_are_counted_but_not_spent(tmp_path: Path):
    memo = Memo(tmp_path / "m.sqlite")
    first, second = Meter(Price(2.0, 8.0)), Meter(Price(2.0, 8.0))
    CachedLLM(Counting(), memo, first).complete(ASK)
    CachedLLM(Counting(), memo, second).complete(ASK)
    cost = (10 * 2.0 + 2 * 8.0) / 1e6
    assert first.report() == {
        "calls": 1.0,
        "input_tokens": 10.0,
        "output_tokens": 2.0,
        "usd": cost,
        "usd_spent_now": cost,
    }
    assert second.report() == {
        "cached": 1.0,
        "input_tokens": 10.0,
        "output_tokens": 2.0,
        "usd": cost,
        "usd_spent_now": 0.0,
    }


def test_an_unknown_cost_is_not_zero():
    assert price_of("openai-api/local/m") is None
    without_price = Meter()
    without_price.answered(Usage(1, 1), cached=False)
    assert without_price.dollars is None
    assert "usd" not in without_price.report()
    without_usage = Meter(Price(1, 1))
    without_usage.answered(Usage(1, 1), cached=False)
    without_usage.answered(None, cached=False)
    assert without_usage.dollars is None
    assert price_of("openai/gpt-4o-mini") == Price(0.15, 0.60)


def test_a_second_run_asks_only_what_is_not_finished(quick):
    texts = [[Message("user", f"question {number}")] for number in range(4)]
    with EndpointServer() as server:
        server.answer(b"{}", match=lambda body: body["messages"][0]["content"] == "question 2")
        for attempt in range(2):
            llm = load_llm("openai-api/local/m", patience=quick, environment=server.env())
            for text in texts[:2]:
                assert llm.complete(text).cached == (attempt == 1)
            with pytest.raises(EndpointError):
                llm.complete(texts[2])
        asked = [body["messages"][0]["content"] for body in server.requests]
        assert asked == ["question 0", "question 1"] + 6 * ["question 2"]
