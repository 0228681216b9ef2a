"""Iter-RetGen: what was generated helps to retrieve, what is retrieved helps to generate.

Source: Shao et al. 2023, *Enhancing Retrieval-Augmented Large Language Models with Iterative Retrieval-Generation
Synergy*, Findings of EMNLP (arXiv 2305.15294), section 3: iteration t retrieves with the generation of iteration t - 1
in front of the question, and generates anew from these passages and the question alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES, as_answer, ask_until_read
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import concluded, spoken
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.quoting import quoted
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.prompts import load_prompt


@dataclass(frozen=True)
class IterRetGen:
    """Retrieve and generate in turns, each with the other's last result."""

    k: int = option(5, "passages of an iteration")
    iterations: int = option(2, "rounds of retrieval and generation")
    retries: int = option(RETRIES, "times an unreadable reply is asked for again")

    name: ClassVar[str] = "iter-retgen"
    searches: ClassVar[bool] = True
    prompts: ClassVar[tuple[str, ...]] = ("iter-retgen-1", "answer-1")
    protocols: ClassVar[Protocols] = {}

    def __post_init__(self) -> None:
        at_least(1, k=self.k, iterations=self.iterations)
        at_least(0, retries=self.retries)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """The answer of the last iteration.

        An iteration that brings the passages of the one before would repeat its prompt, and ends the work as
        `no_progress`. One that cannot be read ends it as `parse_error`, with the answer so far.
        """
        query, raw = sample.text, ""
        before: tuple[Passage, ...] | None = None
        answer: str | None = None
        for iteration in range(1, self.iterations + 1):
            passages = session.search(query, self.k)
            if passages == before:
                return as_answer(answer, raw, "no_progress")
            draft, raw = self._generate(sample, session, passages)
            if draft is None:
                return Answer(answer, "parse_error", raw)
            session.note("draft", iteration=iteration, answer=draft)
            query, before, answer = f"{spoken(raw)} {sample.text}", passages, draft
        return as_answer(answer, raw)

    def _generate(self, sample: Sample, session: Session, passages: tuple[Passage, ...]) -> tuple[str | None, str]:
        prompt, form = load_prompt("iter-retgen-1"), form_of(sample.answer_type)
        asked = prompt.fill("ask", passages=quoted(passages), question=sample.text, form=form)
        return ask_until_read(
            session,
            "generate",
            conversation(prompt.texts["system"], asked),
            partial(concluded, answer_type=sample.answer_type),
            reminder=prompt.fill("reminder", form=form),
            retries=self.retries,
            passages=len(passages),
        )
