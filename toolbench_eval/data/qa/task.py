"""A question answering task that was loaded, and where its agents search."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from toolbench_eval.data.passages import Passages
from toolbench_eval.data.qa.fingerprint import fingerprint
from toolbench_eval.data.qa.gold import Coverage
from toolbench_eval.data.questions import Question
from toolbench_eval.data.tasks import Origin
from toolbench_eval.suites import QuestionRow, Search


@dataclass(frozen=True, eq=False)
class QuestionTask:
    """Questions and what is searched for them.

    Attributes:
        row: The task's row in the suite's table.
        questions: The questions; their gold passages are ids of what is searched.
        search: Where an agent searches: `open` all of `passages`, `distractor` and `oracle` the `context` of the
            question, which under `oracle` has its gold passages only.
        passages: The corpus; under `distractor` and `oracle` the contexts of all records together. Empty where the
            task has none.
        origin: Where the records came from.
        corpus_origin: Where the corpus came from, None where it is made of the records.
        coverage: How much of the evidence what is searched holds.
        notes: What a user should know: evidence that the corpus lacks, records that were left out.
    """

    row: QuestionRow
    questions: tuple[Question, ...]
    search: Search
    passages: Passages
    origin: Origin
    corpus_origin: Origin | None
    coverage: Coverage
    notes: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the questions with all that is gold and their contexts, whatever their order."""
        return fingerprint(self.questions)

    @property
    def name(self) -> str:
        """Name of the task."""
        return self.row.task
