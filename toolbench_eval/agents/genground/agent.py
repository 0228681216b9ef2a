"""GenGround: answer a sub-question from memory, then check the answer against passages, until the question is solved.

Source: Shi et al. 2024, *Generate-then-Ground in Retrieval-Augmented Generation for Multi-hop Question Answering*, ACL
(arXiv 2406.14891), equations 1 to 3 and section 3. What the paper leaves open is said where it is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from toolbench_eval.agents.base import Answer, Protocols, option
from toolbench_eval.agents.genground.deduction import Deduced, finished, read_draft, read_step
from toolbench_eval.agents.genground.grounding import (
    Checker,
    Claim,
    Grounded,
    ground_by_tournament,
    ground_in_batches,
)
from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.shared.asking import as_answer
from toolbench_eval.agents.shared.bounds import at_least
from toolbench_eval.agents.shared.forms import PROMPT as FORMS
from toolbench_eval.agents.shared.forms import form_of
from toolbench_eval.agents.shared.parsing import folded, short_answer, spoken, stated
from toolbench_eval.agents.shared.prompting import conversation
from toolbench_eval.agents.trajectory import StopReason
from toolbench_eval.data.questions import Sample
from toolbench_eval.llms.base import Sampling
from toolbench_eval.prompts import Prompt, load_prompt


@dataclass(frozen=True)
class Checked:
    """One step of the history: what was asked, the draft, and what grounding made of it."""

    question: str
    draft: str
    grounded: Grounded


@dataclass(frozen=True)
class GenGround:
    """Generate a sub-question with its answer, ground the answer in passages, repeat."""

    n: int = option(10, "passages that are retrieved for a sub-question")
    b: int = option(3, "passages of one grounding batch")
    max_hops: int = option(7, "most sub-questions; the paper states no bound, its code has 7")
    ground_mode: Literal["paper_early_stop", "queue_tournament", "no_batch"] = option(
        "paper_early_stop", "batches up to the first with evidence, the queue of the paper's code, or all at once"
    )
    ground_final: bool = option(False, "whether the final answer is grounded, too")
    history: Literal["revised", "revised_evidence"] = option(
        "revised", "whether earlier steps are shown with their evidence"
    )
    deduction: bool = option(True, "without it: one draft for the question itself, then grounding")
    grounding: bool = option(True, "without it: sub-questions are answered from the passages, drafts are dropped")
    fallback: Literal["call", "constant"] = option("call", "at the bound: one more call, or a constant text")
    stop_on_repeat: bool = option(True, "whether a sub-question that comes again with the same answer ends the search")
    reading: Literal["tolerant", "released"] = option("tolerant", "how a step of deduction is read")
    citation: Literal["overlap", "word"] = option(
        "overlap", "queue_tournament: when the filter's reply cites a passage"
    )
    filter_tries: int = option(1, "queue_tournament: times that a batch without citation is asked about")
    max_tokens: int = option(512, "longest reply")

    name: ClassVar[str] = "genground"
    searches: ClassVar[bool] = True
    prompts: ClassVar[tuple[str, ...]] = ("genground-1", FORMS)
    protocols: ClassVar[Protocols] = {
        "paper": {"stop_on_repeat": False},
        "released": {
            "n": 9,
            "ground_mode": "queue_tournament",
            "fallback": "constant",
            "reading": "released",
            "citation": "word",
            "filter_tries": 3,
        },
    }

    def __post_init__(self) -> None:
        """Refuse options that make no sense.

        Raises:
            ValueError: A number is too small.
        """
        at_least(1, n=self.n, max_hops=self.max_hops, filter_tries=self.filter_tries, max_tokens=self.max_tokens)
        # With batches of one the queue would never get shorter while its passage is cited.
        at_least(2 if self.ground_mode == "queue_tournament" else 1, b=self.b)

    def solve(self, sample: Sample, session: Session) -> Answer:
        """Deduce and ground until the finish marker, a repetition or the bound."""
        if not self.deduction:
            return self._in_one_step(sample, session)
        history: list[Checked] = []
        for hop in range(1, self.max_hops + 1):
            step = self._deduce(sample, history, session)
            if step.final is not None:
                return self._finish(sample, hop, step, session)
            question, draft = step.question or sample.text, one_line(step.draft or "")
            session.note("deduce", hop=hop, question=question, draft=draft)
            if self.stop_on_repeat and _repeats(question, draft, history):
                return self._close(sample, history, session, "no_progress")
            history.append(Checked(question, draft, self._check(sample, hop, question, draft, session)))
        return self._close(sample, history, session, "max_hops")

    def _deduce(self, sample: Sample, history: Sequence[Checked], session: Session) -> Deduced:
        """Ask for a sub-question and its answer; where the reply has no answer, once more for that (equation 1)."""
        hop = len(history) + 1
        opening = self._texts.fill("opening", step=hop)
        step = read_step(self._continue("deduce", opening, sample, history, session), self.reading)
        if step.draft is not None:
            return step
        opening = self._texts.fill("opening_of_answer", step=hop, sub_question=step.question or sample.text)
        answer = read_draft(self._continue("draft", opening, sample, history, session), self.reading)
        return Deduced(step.question, answer.draft, answer.final)

    def _continue(self, action: str, opening: str, sample: Sample, history: Sequence[Checked], session: Session) -> str:
        kind = sample.answer_type
        request = self._texts.fill(
            "deduce",
            finish=self._texts.texts[f"finish_{kind}"],
            examples=self._texts.texts[f"examples_{kind}"],
            question=sample.text,
            history=self._shown(history),
            opening=opening,
        )
        following = self._texts.fill("next_step", step=len(history) + 2)
        return self._ask(action, request, session, stop=(following,))

    def _check(self, sample: Sample, hop: int, question: str, draft: str, session: Session) -> Grounded:
        """Retrieve passages for a sub-question and ground its draft (equations 2 and 3)."""
        passages = session.search(question, self.n)
        checker = Checker(self._texts, session, Sampling(max_tokens=self.max_tokens))
        claim = Claim(hop, sample.text, question, draft)
        if not passages:
            checker.note(claim, 0, (), None)
            grounded = Grounded(draft)
        elif not self.grounding:
            shown = list(enumerate(passages, start=1))
            said = short_answer(spoken(checker.ask("read", "read", claim, shown)), "text")
            grounded = Grounded(said or draft)
        elif self.ground_mode == "queue_tournament":
            grounded = ground_by_tournament(claim, passages, self.b, self.filter_tries, self.citation, checker)
        else:
            size = self.b if self.ground_mode == "paper_early_stop" else len(passages)
            grounded = ground_in_batches(claim, passages, size, checker)
        session.note("revise", hop=hop, draft=draft, revised=grounded.answer, evidence=grounded.evidence)
        return grounded

    def _finish(self, sample: Sample, hop: int, step: Deduced, session: Session) -> Answer:
        """Take the final answer as it is, as the paper does, or ground it first."""
        answer = short_answer(step.final or "", sample.answer_type)
        session.note("finish", hop=hop, question=step.question, answer=answer)
        if self.ground_final and answer:
            grounded = self._check(sample, hop, step.question or sample.text, answer, session)
            answer = short_answer(grounded.answer, sample.answer_type)
        return as_answer(answer, step.draft or "")

    def _close(self, sample: Sample, history: Sequence[Checked], session: Session, reason: StopReason) -> Answer:
        """Answer without the model's own finish; the paper does not say how."""
        if self.fallback == "constant":
            return Answer(self._texts.texts["no_answer"], reason)
        form = form_of(sample.answer_type)
        request = self._texts.fill("conclude", question=sample.text, history=self._shown(history), form=form)
        reply = self._ask("answer", request, session)
        return as_answer(_answer_in(reply, sample), reply, reason)

    def _in_one_step(self, sample: Sample, session: Session) -> Answer:
        """The ablation without deduction: a draft for the question itself, then grounding."""
        request = self._texts.fill("draft", question=sample.text, form=form_of(sample.answer_type))
        reply = self._ask("draft", request, session)
        draft = _answer_in(reply, sample) or ""
        session.note("deduce", hop=1, question=sample.text, draft=draft)
        grounded = self._check(sample, 1, sample.text, draft, session)
        return as_answer(short_answer(grounded.answer, sample.answer_type), grounded.answer)

    def _ask(self, action: str, request: str, session: Session, stop: tuple[str, ...] = ()) -> str:
        messages = conversation(self._texts.texts["system"], request)
        return session.ask(action, messages, Sampling(max_tokens=self.max_tokens, stop=stop)).text

    def _shown(self, history: Sequence[Checked]) -> str:
        """The history as the model sees it: sub-questions with their revised answers, never with drafts."""
        lines = []
        for number, step in enumerate(history, start=1):
            evidence = step.grounded.evidence
            text = "history_with_evidence" if self.history == "revised_evidence" and evidence else "history"
            lines.append(
                self._texts.fill(
                    text, step=number, sub_question=step.question, answer=step.grounded.answer, evidence=evidence
                )
            )
        return "".join(lines)

    @property
    def _texts(self) -> Prompt:
        return load_prompt(self.prompts[0])


def _repeats(question: str, draft: str, history: Sequence[Checked]) -> bool:
    """Whether a sub-question comes again with an answer that it has had, as draft or revised."""
    asked, said = folded(question), folded(draft)
    return any(
        folded(step.question) == asked and said in {folded(step.draft), folded(step.grounded.answer)}
        for step in history
    )


def _answer_in(reply: str, sample: Sample) -> str | None:
    """The answer of a reply that should hold nothing else, with the finish marker or without."""
    final = finished(reply)
    return stated(reply, sample.answer_type) if final is None else short_answer(final, sample.answer_type)
