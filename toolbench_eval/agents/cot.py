"""Chain of thought: reason, then answer; no retrieval.

Source: Wei et al. 2022, *Chain-of-Thought Prompting Elicits Reasoning in Large Language Models*, NeurIPS
(arXiv 2201.11903). Their prompts show worked examples; ours asks for the reasoning without any, as Kojima et al. 2022
(arXiv 2205.11916) do, in one call.
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
from toolbench_eval.agents.shared.parsing import concluded
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.data.questions import Sample
from toolbench_eval.prompts import load_prompt


@dataclass(frozen=True)
class Cot:
    """Reason from memory, then answer."""

    retries: int = option(RETRIES, "times an unreadable reply is asked for again")

    name: ClassVar[str] = "cot"
    prompts: ClassVar[tuple[str, ...]] = ("cot-1", "answer-1")
    protocols: ClassVar[Protocols] = {}

    def __post_init__(self) -> None:
        at_least(0, retries=self.retries)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """One call; the answer is what stands behind its marker."""
        prompt, form = load_prompt("cot-1"), form_of(sample.answer_type)
        text, raw = ask_until_read(
            session,
            "answer",
            conversation(prompt.texts["system"], prompt.fill("ask", question=sample.text, form=form)),
            partial(concluded, answer_type=sample.answer_type),
            reminder=prompt.fill("reminder", form=form),
            retries=self.retries,
        )
        return as_answer(text, raw)
