"""IRCoT: each sentence of a chain of thought is a query, and what it finds helps to write the next one.

Source: Trivedi et al. 2023, *Interleaving Retrieval with Chain-of-Thought Reasoning for Knowledge-Intensive Multi-Step
Questions*, ACL (arXiv 2212.10509), section 3: retrieve with the question; in turns write one sentence and retrieve with
it, until a sentence says "answer is" or the bound is reached; then a reader answers from all passages, not from the
chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import RETRIES, as_answer, ask_until_read
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import after_marker, concluded, folded, sentences, spoken
from toolbench_eval.agents.shared.progress import Progress
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.shared.quoting import quoted
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.questions import Sample
from toolbench_eval.prompts import load_prompt

Reader = Literal["cot", "direct"]


@dataclass(frozen=True)
class Ircot:
    """Search with each sentence of the reasoning, then read everything that was found."""

    k: int = option(4, "passages of a search; the paper chose among 2, 4, 6 and 8 on development data")
    max_hops: int = option(8, "most sentences of reasoning")
    max_passages: int = option(15, "most passages that are kept; the first found stay")
    reader: Reader = option("cot", "whether the reader reasons before it answers")
    retries: int = option(RETRIES, "times an unreadable reply is asked for again")

    name: ClassVar[str] = "ircot"
    searches: ClassVar[bool] = True
    prompts: ClassVar[tuple[str, ...]] = ("ircot-1", "answer-1")
    protocols: ClassVar[Protocols] = {}

    def __post_init__(self) -> None:
        at_least(1, k=self.k, max_hops=self.max_hops, max_passages=self.max_passages)
        at_least(0, retries=self.retries)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Collect passages along a chain of thought, then read them."""
        passages, reason = self._collect(sample, session)
        prompt, form = load_prompt("ircot-1"), form_of(sample.answer_type)
        asked = prompt.fill(f"read_{self.reader}", passages=quoted(passages), question=sample.text, form=form)
        text, raw = ask_until_read(
            session,
            "read",
            conversation(prompt.texts["system"], asked),
            partial(concluded, answer_type=sample.answer_type),
            reminder=prompt.fill("read_reminder", form=form),
            retries=self.retries,
            passages=len(passages),
        )
        return as_answer(text, raw, reason)

    def _collect(self, sample: Sample, session: Session) -> tuple[list[Passage], StopReason]:
        """The passages found along the chain, first found first, and why the chain ended."""
        progress, chain = Progress(), list[str]()
        found = session.search(sample.text, self.k)
        kept = self._kept([], found)
        progress.stalled(sample.text, found)
        for _ in range(self.max_hops):
            sentence = self._reason(sample, session, kept, chain)
            if sentence is None:
                return kept, "parse_error"
            session.note("thought", text=sentence)
            chain.append(sentence)
            if after_marker(sentence, "answer is"):
                return kept, "answered"
            found = session.search(sentence, self.k)
            if progress.stalled(sentence, found):
                return kept, "no_progress"
            kept = self._kept(kept, found)
        return kept, "max_hops"

    def _kept(self, kept: Sequence[Passage], found: Sequence[Passage]) -> list[Passage]:
        """Both without repetitions, up to the bound."""
        distinct = {passage.id: passage for passage in (*kept, *found)}  # a repeated key keeps its first place
        return list(distinct.values())[: self.max_passages]

    def _reason(
        self, sample: Sample, session: Session, passages: Sequence[Passage], chain: Sequence[str]
    ) -> str | None:
        prompt = load_prompt("ircot-1")
        so_far = " ".join(chain) or prompt.texts["nothing"]
        asked = prompt.fill("reason", passages=quoted(passages), question=sample.text, chain=so_far)
        sentence, _ = ask_until_read(
            session,
            "reason",
            conversation(prompt.texts["system"], asked),
            partial(next_sentence, chain=chain),
            reminder=prompt.texts["reason_reminder"],
            retries=self.retries,
            passages=len(passages),
        )
        return sentence


def next_sentence(reply: str, chain: Sequence[str] = ()) -> str | None:
    """The first sentence of a reply that the chain does not hold yet; models like to begin at the beginning.

    Where all are known, the first one: it repeats itself, which the search will show. None for an empty reply.
    """
    known = {folded(sentence) for sentence in chain}
    written = sentences(spoken(reply))
    return next((sentence for sentence in written if folded(sentence) not in known), next(iter(written), None))
