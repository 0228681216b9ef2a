"""Perturbations at the door of the language model, and around the agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from toolbench_eval.agents.base import Answer
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.evaluation.solving.perturbed import perturbed_agent, perturbed_llm, recorded
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling
from toolbench_eval.study.decoding import BestOf, Seed, Temperature, TopP
from toolbench_eval.study.system_prompts import system_prompt

TALK = [Message("system", "You help."), Message("user", "Hello?")]


@dataclass
class Listener:
    """Remembers what it was asked; answers with the next of its lines."""

    name: str = "listener"
    lines: list[str] = field(default_factory=list)
    asked: list[tuple[list[Message], Sampling, int]] = field(default_factory=list)

    @property
    def identity(self) -> dict[str, Any]:
        return {"is": "listening"}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        self.asked.append((list(messages), sampling, attempt))
        return Reply(self.lines.pop(0) if self.lines else "yes")


def heard(*perturbations: Any, sampling: Sampling = GREEDY, attempt: int = 0) -> tuple[list[Message], Sampling]:
    """What the model is really asked."""
    model = Listener()
    perturbed_llm(model, perturbations).complete(TALK, sampling, attempt)
    messages, how, tried = model.asked[0]
    assert tried == attempt
    return messages, how


def test_temperature_and_top_p_replace_what_the_agent_says() -> None:
    messages, sampling = heard(Temperature(0.9), TopP(0.5), sampling=Sampling(temperature=0.1, max_tokens=7, seed=3))
    assert messages == TALK
    assert sampling == Sampling(temperature=0.9, top_p=0.5, max_tokens=7, seed=3)
    for wrong in (lambda: Temperature(-1), lambda: Temperature(2.5), lambda: TopP(0), lambda: TopP(float("nan"))):
        with pytest.raises(UsageError):
            wrong()


def test_seeds_differ_by_repeat_own_seed_and_try() -> None:
    asked = {
        (repeat, own, attempt): heard(Seed(repeat), sampling=Sampling(seed=own), attempt=attempt)[1].seed
        for repeat in range(4)
        for own in (None, 0, 1, 2)
        for attempt in range(3)
    }
    assert len(set(asked.values())) == len(asked)
    assert all(isinstance(seed, int) and 0 <= seed < 2**31 for seed in asked.values())
    assert heard(Seed(1))[1].seed == asked[1, None, 0]


def test_a_changed_model_is_the_same_model() -> None:
    changed = perturbed_llm(Listener(), [Seed(1), Temperature(1.0)])
    assert (changed.name, changed.identity) == ("listener", {"is": "listening"})


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("own-words", [Message("system", "Be brief."), TALK[1]]),
        ("own-words+own", [Message("system", "Be brief.\n\nYou help."), TALK[1]]),
        ("empty", [TALK[1]]),
        ("empty+own", TALK),
    ],
)
def test_system_prompts(level: str, expected: list[Message]) -> None:
    assert heard(system_prompt(level, {"own-words": "Be brief."}))[0] == expected


def test_system_prompts_by_name() -> None:
    texts = {name: system_prompt(name, {}) for name in ("short", "role-play", "rules", "json-strict", "empty")}
    assert len({one.text for one in texts.values()}) == 5
    assert texts["rules"].setting["level"] == "rules"
    assert system_prompt("short", {"short": "x"}).setting["text"] != texts["short"].setting["text"]
    with pytest.raises(UnknownNameError, match="Did you mean role-play"):
        system_prompt("roleplay", {})


@dataclass(frozen=True)
class Once:
    """Asks once; `stuck` is no answer that counts."""

    name: ClassVar[str] = "once"
    prompts: ClassVar[tuple[str, ...]] = ()
    protocols: ClassVar[dict[str, Any]] = {}

    def solve(self, sample: Sample, session: Session) -> Answer:
        text = session.ask("answer", [Message("user", sample.text)]).text
        return Answer(text, "max_hops" if text == "stuck" else "answered")


@pytest.mark.parametrize(
    ("lines", "tries", "answer", "asked"),
    [
        (["yes"], 3, "yes", 1),
        (["stuck", "yes", "no"], 3, "yes", 2),
        (["stuck", "stuck", "stuck", "yes"], 3, "stuck", 3),
        (["", "yes"], 2, "yes", 2),
        (["stuck"], 1, "stuck", 1),
    ],
)
def test_the_first_chain_that_finishes_counts(lines: list[str], tries: int, answer: str, asked: int) -> None:
    model = Listener(lines=lines)
    session = Session({"main": perturbed_llm(model, [Seed(5)])})
    agent = perturbed_agent(Once(), [BestOf(tries)])
    assert agent.solve(Sample("s", "Hello?"), session).text == answer
    assert len(model.asked) == asked
    assert len({sampling.seed for _, sampling, _ in model.asked}) == asked  # each chain draws for itself
    assert sum(isinstance(step, LLMCall) for step in session.steps) == asked
    assert agent.name == "once"


def test_a_chain_is_a_chain() -> None:
    with pytest.raises(UsageError, match="from 1, found 0"):
        BestOf(0)


def test_what_is_recorded() -> None:
    assert recorded(()) == {}
    assert recorded((Seed(2), Temperature(0.5))) == {
        "perturbations": [{"factor": "seed", "level": 2}, {"factor": "temperature", "level": 0.5}]
    }
