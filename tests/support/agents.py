"""Samples, models and agents that tests of the runtime share."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from toolbench_eval.agents.base import Answer, Protocols
from toolbench_eval.agents.session import Session
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import EndpointError
from toolbench_eval.llms.base import GREEDY, LLM, Message, Reply, Sampling, Token, Usage


@dataclass(frozen=True)
class Question:
    """A sample."""

    id: str
    text: str
    targets: tuple[str, ...] = ()


@dataclass
class OddLLM:
    """Answers what the last message asks for; `asked` lists the calls as (text, attempt)."""

    name: str = "odd/model"
    asked: list[tuple[str, int]] = field(default_factory=list)

    @property
    def identity(self) -> dict[str, Any]:
        return {"odd": True}

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        text = messages[-1].text
        self.asked.append((text, attempt))
        match text.split():
            case ["refuse"]:
                raise EndpointError("the endpoint is closed")
            case ["wait", seconds]:
                time.sleep(float(seconds))
            case ["tokens"]:
                return Reply("a b", Usage(1, 2), "length", (Token("a", -0.5), Token(" b", -1.5)))
            case ["nothing", "counted"]:
                return Reply("no usage", None, "tired")
            case ["kept"]:
                return Reply("from the cache", Usage(2, 2), cached=True)
        return Reply(f"answer to {text}", Usage(len(text.split()), 3))


def ask(llm: LLM, text: str, **how: Any) -> Reply:
    """One question of a user."""
    return llm.complete([Message("user", text)], **how)


class Told:
    """Listeners that remember what they were told; `threads` are those they were told on."""

    def __init__(self) -> None:
        self.done: dict[str, Mapping[str, Any]] = {}
        self.errors: dict[str, Exception] = {}
        self.order: list[str] = []
        self.steps = 0
        self.threads: set[threading.Thread] = set()

    def on_done(self, item: Question, result: Mapping[str, Any]) -> None:
        assert item.id not in self.order
        self.order.append(item.id)
        self.done[item.id] = result
        self.threads.add(threading.current_thread())

    def on_error(self, item: Question, error: Exception) -> None:
        assert item.id not in self.order
        self.order.append(item.id)
        self.errors[item.id] = error
        self.threads.add(threading.current_thread())

    def show(self, steps: int) -> None:
        self.steps += steps

    @property
    def listeners(self) -> dict[str, Any]:
        return {"on_done": self.on_done, "on_error": self.on_error, "show": self.show}


@dataclass(frozen=True)
class SilentSearcher:
    """Searches, and does not say so with `searches`."""

    name: ClassVar[str] = "silent-searcher"
    prompts: ClassVar[tuple[str, ...]] = ()
    protocols: ClassVar[Protocols] = {}

    def solve(self, sample: Sample, session: Session) -> Answer:
        return Answer(" ".join(passage.title for passage in session.search(sample.text, 1)))
