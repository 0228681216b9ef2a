"""What goes through a session: recorded, counted, bounded, and without what no file can hold."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from toolbench_eval.agents.session import MOST_WRITTEN, BudgetError, Limits, Session, sound
from toolbench_eval.agents.trajectory import LLMCall, Note, SearchCall
from toolbench_eval.data.passages import Passage
from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling, Token, Usage
from toolbench_eval.llms.meter import Price

HELLO = [Message("user", "Hello there")]


@dataclass
class Says:
    """A model that says the same every time."""

    reply: Reply
    name: str = "says"
    heard: list[tuple[Sampling, int]] = field(default_factory=list)

    @property
    def identity(self) -> dict[str, Any]:
        return {}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        self.heard.append((sampling, attempt))
        return self.reply


def said(text: str, **more: Any) -> Says:
    return Says(Reply(text, Usage(3, 2), **more))


def test_a_call_is_recorded() -> None:
    model = said("Hi", finish="length", tokens=(Token("H", -0.5), Token("i", -0.25)), cached=True)
    session = Session({"main": model}, seed=7)
    assert session.ask("greet", HELLO, Sampling(temperature=0.5), attempt=2, passages=3).text == "Hi"
    [call] = session.steps
    assert isinstance(call, LLMCall)
    assert (call.action, call.role, call.model, call.reply, call.finish) == ("greet", "main", "says", "Hi", "length")
    assert (call.input_tokens, call.output_tokens, call.logprob) == (3, 2, -0.75)
    assert (call.attempt, call.passages, call.cached) == (2, 3, True)
    assert model.heard == [(Sampling(temperature=0.5, seed=7), 2)]


def test_a_role_is_played_by_its_own_model_or_the_main_one() -> None:
    models = {"main": said("main"), "selector": said("selector")}
    session = Session(models)
    assert [session.ask("a", HELLO, role=role).text for role in ("main", "selector", "other")] == [
        "main",
        "selector",
        "main",
    ]
    assert [step.role for step in session.steps if isinstance(step, LLMCall)] == ["main", "selector", "other"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain \0 and ü and 🙂", "plain \0 and ü and 🙂"),
        ("half \ud83d here", "half � here"),
        ("\ude42 other half", "� other half"),
        ("both \ud83d\ude42 halves", "both 🙂 halves"),
        ("", ""),
    ],
)
def test_halves_of_characters_are_replaced(text: str, clean: str) -> None:
    assert sound(text) == clean
    session = Session({"main": said(text)})
    assert session.ask("a", HELLO).text == clean
    [call] = session.steps
    assert isinstance(call, LLMCall)
    assert call.reply == clean


def test_halves_that_a_model_wrote_as_escapes_go_nowhere() -> None:
    """An agent that reads JSON makes halves of characters out of a reply that holds none."""
    half = json.loads('"\\ud83d"')
    model, searched = Heard(Reply("ok")), []

    def search(query: str, k: int) -> list[Passage]:
        searched.append(query)
        return []

    session = Session({"main": model}, search)
    session.ask("a", [Message("user", f"what is {half}?")])
    session.search(f"find {half}", 1)
    assert model.texts == ["what is �?"]
    assert searched == ["find �"]
    assert [step.query for step in session.steps if isinstance(step, SearchCall)] == searched


@dataclass
class Heard(Says):
    """Keeps what it was asked."""

    texts: list[str] = field(default_factory=list)

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        self.texts += [message.text for message in messages]
        return self.reply


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_likelihood_that_is_no_number_is_none(value: float) -> None:
    session = Session({"main": said("a", tokens=(Token("a", value),))})
    session.ask("a", HELLO)
    [call] = session.steps
    assert isinstance(call, LLMCall)
    assert call.logprob is None


def test_a_model_that_babbles_is_cut_off() -> None:
    half = "x" * (MOST_WRITTEN // 2 + 1)
    session = Session({"main": said(half)})
    assert session.ask("a", HELLO).text == half
    with pytest.raises(BudgetError, match="wrote more than 4,194,304 characters"):
        session.ask("a", HELLO)
    assert sum(len(step.reply) for step in session.steps if isinstance(step, LLMCall)) == MOST_WRITTEN


# limits ---------------------------------------------------------------------------------------


def asked_until_refused(session: Session, role: str = "main") -> int:
    for number in range(1000):
        try:
            session.ask("a", HELLO, role=role)
        except BudgetError:
            return number
    return 1000


@pytest.mark.parametrize(
    ("limits", "calls"),
    [
        (Limits(tokens=11), 3),  # 5 a call: after 15 no further one
        (Limits(tokens=5), 1),
        (Limits(dollars=0.5, calls=None), 13),  # 4 cents a call
        (Limits(calls=4), 4),
        (Limits(), 200),
        (Limits(seconds=0.0), 0),
    ],
)
def test_a_limit_is_looked_at_before_each_call(limits: Limits, calls: int) -> None:
    session = Session({"main": said("Hi")}, limits=limits, prices={"main": Price(8_000, 8_000)})
    assert asked_until_refused(session) == calls


def test_each_role_has_the_price_of_its_own_model() -> None:
    prices = {"main": Price(8_000, 8_000)}
    dear = Session({"main": said("a")}, limits=Limits(dollars=0.5), prices=prices)
    assert asked_until_refused(dear, "selector") == 13  # the main model plays the selector
    free = Session({"main": said("a"), "selector": said("b")}, limits=Limits(dollars=0.5), prices=prices)
    assert asked_until_refused(free, "selector") == 200


def test_usage_that_is_not_told_is_estimated_for_limits_only() -> None:
    session = Session({"main": Says(Reply("x" * 400))}, limits=Limits(tokens=300))
    assert asked_until_refused(session) == 3  # 2 + 100 a call
    assert {(step.input_tokens, step.output_tokens) for step in session.steps if isinstance(step, LLMCall)} == {(0, 0)}


def test_what_is_the_same_in_every_run_is_said_with_numbers() -> None:
    session = Session({"main": said("Hi")}, limits=Limits(tokens=1))
    session.ask("a", HELLO)
    with pytest.raises(BudgetError, match=r"^the sample's limit of 1 tokens is reached \(5 used\)$"):
        session.ask("a", HELLO)
    with pytest.raises(BudgetError, match=r"^the sample's limit of 0 seconds is reached$"):
        Session({"main": said("Hi")}, limits=Limits(seconds=0.0)).ask("a", HELLO)


def test_the_run_has_limits_too() -> None:
    allowance = RunAllowance(tokens=12)
    sessions = [Session({"main": said("Hi")}, allowance=allowance) for _ in range(2)]
    for session in [*sessions, sessions[0]]:
        session.ask("a", HELLO)
    with pytest.raises(BudgetError, match=r"the run's limit of 12 tokens is reached \(15 used\)"):
        sessions[1].ask("a", HELLO)


def test_an_endpoint_that_answers_nobody_is_given_up_and_one_answer_forgives() -> None:
    allowance = RunAllowance(patience=3)
    for number in range(2):
        allowance.endpoint_failed(EndpointError(f"fault {number}"))
        allowance.check()
    allowance.used(Usage(1, 1), 0.0)
    for number in range(3):
        allowance.endpoint_failed(EndpointError(f"fault {number}"))
    allowance.endpoint_failed(EndpointError("not asked: ..."))
    with pytest.raises(EndpointError, match="not asked: the endpoint failed 4 samples in a row; the last: fault 2"):
        allowance.check()


# searches and notes ---------------------------------------------------------------------------


def test_a_search_for_nothing_finds_nothing_and_is_recorded() -> None:
    session = Session({}, lambda query, k: pytest.fail("must not be asked"))
    assert session.search("  ", 5) == ()
    assert [(step.query, step.documents) for step in session.steps if isinstance(step, SearchCall)] == [("  ", ())]


def test_without_a_retriever_it_says_how_to_name_one() -> None:
    with pytest.raises(UsageError, match="name its retriever with --model"):
        Session({}).search("a", 5)


@pytest.mark.parametrize("value", [object(), {1, 2}, math.nan, b"x"])
def test_a_note_that_no_file_can_hold_is_refused_at_once(value: object) -> None:
    session = Session({})
    with pytest.raises((TypeError, ValueError)):
        session.note("n", value=value)
    assert session.steps == []
    session.note("n", value=[1, None, {"a": "\ud83d"}])
    assert json.dumps([step.values for step in session.steps if isinstance(step, Note)])
