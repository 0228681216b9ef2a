"""Retrieval-augmented generation in its plain form: search with the question, read, answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES, as_answer, ask_until_read
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import stated
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.quoting import quoted
from toolbench_eval.data.questions import Sample
from toolbench_eval.prompts import load_prompt


@dataclass(frozen=True)
class Rag:
    """Search once, then answer."""

    k: int = option(5, "passages that are shown")
    retries: int = option(RETRIES, "times an unreadable reply is asked for again")

    name: ClassVar[str] = "rag"
    searches: ClassVar[bool] = True
    prompts: ClassVar[tuple[str, ...]] = ("rag-1", "answer-1")
    protocols: ClassVar[Protocols] = {}

    def __post_init__(self) -> None:
        at_least(1, k=self.k)
        at_least(0, retries=self.retries)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """One search and one call; where nothing is found, the model is told so and answers all the same."""
        prompt, form = load_prompt("rag-1"), form_of(sample.answer_type)
        passages = session.search(sample.text, self.k)
        asked = prompt.fill("ask", passages=quoted(passages), question=sample.text, form=form)
        text, raw = ask_until_read(
            session,
            "answer",
            conversation(prompt.texts["system"], asked),
            partial(stated, answer_type=sample.answer_type),
            reminder=prompt.fill("reminder", form=form),
            retries=self.retries,
            passages=len(passages),
        )
        return as_answer(text, raw)
