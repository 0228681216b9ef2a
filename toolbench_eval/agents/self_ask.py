"""Self-Ask: follow-up questions, each searched for and answered, until the question answers itself.

Source: Press et al. 2023, *Measuring and Narrowing the Compositionality Gap in Language Models*, Findings of EMNLP
(arXiv 2210.03350), sections 3 and 3.3 (with a search engine).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES, as_answer, ask_until_read
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import concluded, cut_at, short_answer, spoken, stated
from toolbench_eval.agents.shared.progress import Progress
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.quoting import quoted
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import AnswerType, Sample
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.prompts import load_prompt

Source = Literal["search", "memory"]
Fact = tuple[str, str]
"""A follow-up question and its intermediate answer."""

STOP = "\nIntermediate answer"
_TURN = re.compile(
    r"follow[ -]?ups?(?:[ ]question)?\s*\d*\s*:"
    r"|\bfinal\s+answer(?:\s+is\b|\s*:)\s*:?"
    r"|^[ \t]*(?:so\s+)?(?:the\s+)?answer(?:\s+is\b|\s*:)\s*:?",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class SelfAsk:
    """Ask and answer one follow-up question after the other."""

    k: int = option(5, "passages of a search")
    max_hops: int = option(5, "most follow-up questions; the paper states no bound")
    source: Source = option("search", "where follow-up questions are answered from: passages, or the model's memory")
    retries: int = option(RETRIES, "times an unreadable reply is asked for again")

    name: ClassVar[str] = "self-ask"
    searches: ClassVar[bool] = True
    prompts: ClassVar[tuple[str, ...]] = ("self-ask-1", "answer-1")
    protocols: ClassVar[Protocols] = {}

    def __post_init__(self) -> None:
        at_least(1, k=self.k, max_hops=self.max_hops)
        at_least(0, retries=self.retries)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Follow up until the final answer comes; where it does not, one more call asks for it."""
        facts: list[Fact] = []
        progress = Progress()
        reason: StopReason = "max_hops"
        for _ in range(self.max_hops):
            turn, raw = self._next(sample, session, facts)
            if turn is None:
                reason = "parse_error"
                break
            if turn.final:
                return Answer(turn.text, "answered", raw)
            passages = session.search(turn.text, self.k) if self.source == "search" else ()
            if progress.stalled(turn.text, passages):
                reason = "no_progress"
                break
            facts.append((turn.text, self._look_up(turn.text, passages, session)))
            session.note("fact", question=turn.text, answer=facts[-1][1])
        return self._close(sample, session, facts, reason)

    def _next(self, sample: Sample, session: Session, facts: Sequence[Fact]) -> tuple[Turn | None, str]:
        prompt, form = load_prompt("self-ask-1"), form_of(sample.answer_type)
        asked = prompt.fill("next", question=sample.text, history=history_of(facts), form=form)
        return ask_until_read(
            session,
            "follow_up",
            _messages(asked),
            partial(read_turn, answer_type=sample.answer_type),
            reminder=prompt.texts["next_reminder"],
            retries=self.retries,
            sampling=Sampling(stop=(STOP,)),
        )

    def _look_up(self, question: str, passages: Sequence[Passage], session: Session) -> str:
        """The intermediate answer."""
        prompt = load_prompt("self-ask-1")
        text = "look_up" if self.source == "search" else "remember"
        answer, _ = ask_until_read(
            session,
            text,
            _messages(prompt.fill(text, passages=quoted(passages), question=question)),
            stated,
            reminder=prompt.texts["answer_reminder"],
            retries=self.retries,
            passages=len(passages),
        )
        return answer or prompt.texts["unknown"]

    def _close(self, sample: Sample, session: Session, facts: Sequence[Fact], reason: StopReason) -> Answer:
        prompt, form = load_prompt("self-ask-1"), form_of(sample.answer_type)
        text, raw = ask_until_read(
            session,
            "answer",
            _messages(prompt.fill("closing", question=sample.text, history=history_of(facts), form=form)),
            partial(concluded, answer_type=sample.answer_type),
            reminder=prompt.fill("closing_reminder", form=form),
            retries=self.retries,
        )
        return as_answer(text, raw, reason)


@dataclass(frozen=True)
class Turn:
    """What the model wrote next: a follow-up question, or the final answer."""

    text: str
    final: bool


def history_of(facts: Sequence[Fact]) -> str:
    """What was asked and answered so far, as the model is shown it."""
    prompt = load_prompt("self-ask-1")
    steps = [prompt.fill("step", question=question, answer=answer) for question, answer in facts]
    return "\n".join(steps) or prompt.texts["untouched"]


def read_turn(reply: str, answer_type: AnswerType = "span") -> Turn | None:
    """The first follow-up question or final answer of a reply, None where there is neither."""
    text = cut_at(spoken(reply), STOP)
    found = _TURN.search(text)
    if found is None:
        return None
    final = not found[0].strip().lower().startswith("follow")
    rest = text[found.end() :]
    said = short_answer(rest, answer_type) if final else _first_line(rest)
    return None if said is None else Turn(said, final)


def _first_line(text: str) -> str | None:
    lines = (line.strip(" \t\"'`") for line in text.splitlines())
    return next((line for line in lines if line), None)


def _messages(asked: str) -> list[Message]:
    return conversation(load_prompt("self-ask-1").texts["system"], asked)
