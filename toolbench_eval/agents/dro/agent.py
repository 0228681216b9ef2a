"""DRO: a selector puts the most useful of the retrieved passages in order, a generator answers from them.

Source: Shi et al. 2025, *Direct Retrieval-augmented Optimization: Synergizing Knowledge Selection and Language Models*
(arXiv 2505.03075), section 3 and equation 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.dro.selection import read_selection
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import as_answer
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import PROMPT as FORMS
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import spoken, stated
from toolbench_eval.agents.shared.quoting import quoted
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.prompts import load_prompt


@dataclass(frozen=True)
class Dro:
    """Search once, select K of n passages, answer from them; the roles are `selector` and `generator`."""

    n: int = option(20, "passages that are retrieved")
    k: int = option(5, "passages that are selected (K)")
    selector: Literal["llm", "identity"] = option("llm", "who selects; identity: the first k as they were retrieved")
    numbers: Literal["bracketed", "digits"] = option(
        "bracketed", "what the selector's numbers are: those in square brackets, or every run of digits"
    )
    fallback: Literal["first_k", "none"] = option("first_k", "what is shown where the selector names no passage")
    temperature: float = option(0.0, "of both calls")
    top_p: float = option(1.0, "of both calls")
    max_tokens: int = option(512, "longest reply")

    name: ClassVar[str] = "dro"
    searches: ClassVar[bool] = True
    prompts: ClassVar[tuple[str, ...]] = ("dro-1", FORMS)
    roles: ClassVar[tuple[str, ...]] = ("selector", "generator")
    protocols: ClassVar[Protocols] = {
        "paper": {},
        "released": {
            "numbers": "digits",
            "fallback": "none",
            "temperature": 0.8,
            "top_p": 0.95,
            "max_tokens": 128,
        },
    }

    def __post_init__(self) -> None:
        """Refuse options that make no sense.

        Raises:
            ValueError: A number is too small.
        """
        at_least(1, k=self.k, max_tokens=self.max_tokens)
        at_least(self.k, n=self.n)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """One search, one selection, one answer."""
        found = session.search(sample.text, self.n)
        shown = self._select(sample, found, session) if found and self.selector == "llm" else found[: self.k]
        form = form_of(sample.answer_type)
        # The generator knows nothing of the old numbers: its passages are numbered anew in the order of the selection.
        reply = self._ask(
            "answer", "generator", len(shown), session, passages=quoted(shown), question=sample.text, form=form
        )
        return as_answer(stated(reply, sample.answer_type), reply)

    def _select(self, sample: Sample, found: Sequence[Passage], session: Session) -> Sequence[Passage]:
        passages, count = quoted(found), len(found)
        k = min(self.k, count)
        reply = self._ask(
            "select", "selector", count, session, passages=passages, question=sample.text, count=count, k=k
        )
        # As in the paper's code, `digits` reads everything that was written.
        text = spoken(reply) if self.numbers == "bracketed" else reply
        chosen = read_selection(text, count, self.k, self.numbers)
        empty = not chosen.places
        places = range(k) if empty and self.fallback == "first_k" else chosen.places
        shown = [found[place] for place in places]
        session.note(
            "select",
            numbers=[place + 1 for place in places],
            documents=[passage.id for passage in shown],
            dropped=chosen.dropped,
            empty=empty,
        )
        return shown

    def _ask(self, action: str, role: str, shown: int, session: Session, **values: object) -> str:
        messages = [Message("user", load_prompt(self.prompts[0]).fill(action, **values))]
        sampling = Sampling(self.temperature, self.top_p, self.max_tokens)
        return session.ask(action, messages, sampling, role=role, passages=shown).text
