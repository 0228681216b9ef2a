"""Questions with everything that is known of them: what an agent may see, and what only the scorer may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from toolbench_eval.data.passages import Passage

AnswerType = Literal["span", "boolean", "text"]
"""`span`: a short string (yes and no among them), `boolean`: yes or no, `text`: free text."""


@dataclass(frozen=True)
class Sample:
    """What an agent is given to solve: no gold answer, no gold passage.

    Attributes:
        id: Id within the task.
        text: The question, or the request.
        answer_type: What kind of answer is wanted.
    """

    id: str
    text: str
    answer_type: AnswerType = "span"


@dataclass(frozen=True)
class Question:
    """One record of a question answering task (see `docs/question-answering.md`).

    Attributes:
        id: Id within the task.
        text: The question.
        answers: Accepted answers, the first being the record's own; empty where the source gives none.
        answer_type: What kind of answer is wanted.
        hops: Number of reasoning steps, where the source says.
        kind: The source's own type of question: `bridge`, `comparison`, ...
        gold_passages: Ids of the passages of the task's corpus that hold the evidence.
        gold_titles: Titles of those pages.
        gold_sentences: Supporting facts as (title, sentence index from 0).
        gold_triples: Evidence as (subject, relation, object) (2WikiMultihopQA).
        decomposition: The source's own sub-questions.
        context: Passages that come with the record, in its order.
        sentences: Sentences of each context passage, by passage id, where the source splits them.
        answerable: False where the record says that its context does not answer it (MuSiQue-Full).
        extra: What only some evaluators need: `answer_id`, `aliases`, annotators' evidence, KILT provenance.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    answer_type: AnswerType = "span"
    hops: int | None = None
    kind: str | None = None
    gold_passages: tuple[str, ...] = ()
    gold_titles: tuple[str, ...] = ()
    gold_sentences: tuple[tuple[str, int], ...] = ()
    gold_triples: tuple[tuple[str, str, str], ...] = ()
    decomposition: tuple[str, ...] = ()
    context: tuple[Passage, ...] = ()
    sentences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answerable: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sample(self) -> Sample:
        """What an agent may see of it."""
        return Sample(self.id, self.text, self.answer_type)
