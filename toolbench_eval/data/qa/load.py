"""Loading the questions of a task and what is searched for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from toolbench_eval.data.passages import Passages
from toolbench_eval.data.qa.corpora import named_passages, read_passages
from toolbench_eval.data.qa.gold import Coverage, own_coverage, placed, pooled
from toolbench_eval.data.qa.pool import Pool
from toolbench_eval.data.qa.records import Records, open_records
from toolbench_eval.data.qa.task import QuestionTask
from toolbench_eval.data.questions import Question
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tasks import Origin
from toolbench_eval.errors import UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.suites import QuestionRow, Search, Suite

__all__ = ["CONTEXT", "QuestionTask", "load_questions", "usable"]

CONTEXT = "context"
"""What a row names as its corpus if that is made of the passages of its records."""

NO_PASSAGES = Passages.of(())


def load_questions(
    suite: Suite,
    row: QuestionRow,
    access: Access,
    *,
    source: Path | None = None,
    corpus: Path | None = None,
    limit: int | None = None,
    search: Search | None = None,
    drop_unusable: bool = False,
    registry: Registry | None = None,
) -> QuestionTask:
    """Load the questions of one task, and the passages that are searched for them.

    Args:
        suite: The task's suite.
        row: The task's row in the suite's table.
        access: Where hub data may come from.
        source: A file of records that goes before what the row says; its format is told from the first record.
        corpus: A file of passages that goes before what the row says.
        limit: Keep the first questions only; the corpus stays whole.
        search: Where an agent searches, None for what the row says.
        drop_unusable: Leave out what the data preparation of EXSEARCH and DRO leaves out (see `usable`).
        registry: Where corpora are declared, by default what ships.

    Raises:
        MissingDataError: The place that was asked does not have the data, or the task names none.
        HubError: The hub failed.
        DataError: A record is wrong; names file, row and field.
        UsageError: `distractor` or `oracle` is asked for and the task has no passages for it.
    """
    search = search or row.search
    found = open_records(suite, row, access, source)
    pool = Pool()
    questions, notes = _read(found, row, pool, limit, drop_unusable=drop_unusable)
    origin: Origin | None = None
    if search != "open" and len(pool):
        passages = pool.corpus()
        questions, coverage = _own(questions, search)
    else:
        passages, origin = _corpus(suite, row, access, corpus, registry or Registry(), pool)
        questions, coverage = (pooled if origin is None else placed)(questions, passages)
        if search != "open":
            questions = _gold_alone(questions, passages, f"{suite.name}/{row.task}", search)
    notes += _notes(passages, coverage)
    return QuestionTask(row, tuple(questions), search, passages, found.origin, origin, coverage, tuple(notes))


def usable(question: Question) -> bool:
    """Whether the data preparation of EXSEARCH and DRO keeps a question.

    It drops those without an answer, without a gold passage or without any other passage: of HotpotQA's 7,405 dev
    questions 7,384 stay.
    """
    return bool(question.answers) and 0 < len(question.gold_passages) < len(question.context)


def _read(
    found: Records, row: QuestionRow, pool: Pool, limit: int | None, *, drop_unusable: bool
) -> tuple[list[Question], list[str]]:
    """The questions with their contexts, all of whose passages are in the pool, and what was left out."""
    bare: list[tuple[Question, Sequence[int]]] = []
    seen: set[str] = set()
    dropped = 0
    for record, question in found.questions(row):
        if question.id in seen:
            raise record.fault(f"the id '{question.id}' stands twice", "id")
        seen.add(question.id)
        kept = pool.add(question)
        if drop_unusable and not usable(question):
            dropped += 1
        elif limit is None or len(bare) < limit:
            bare.append(kept)
    notes = [f"{dropped:,} questions without answer, gold passage or other passage are left out"] if dropped else []
    return [pool.filled(question, numbers) for question, numbers in bare], notes


def _corpus(
    suite: Suite, row: QuestionRow, access: Access, corpus: Path | None, registry: Registry, pool: Pool
) -> tuple[Passages, Origin | None]:
    """What `open` searches, and where it came from: None where it is made of the records."""
    if corpus is not None:
        return read_passages(corpus), Origin("files", str(corpus))
    if row.corpus == CONTEXT:
        return pool.corpus(), None
    if row.corpus:
        return named_passages(registry.corpus(row.corpus, suite), access)
    return NO_PASSAGES, None


def _own(questions: Sequence[Question], search: Search) -> tuple[list[Question], Coverage]:
    """Questions that are searched in their own context, under `oracle` in its gold passages."""
    coverage = own_coverage(questions)
    if search == "oracle":
        questions = [_only(question, set(question.gold_passages)) for question in questions]
    return list(questions), coverage


def _only(question: Question, names: set[str]) -> Question:
    context = tuple(passage for passage in question.context if passage.id in names)
    sentences = {name: split for name, split in question.sentences.items() if name in names}
    return replace(question, context=context, sentences=sentences)


def _gold_alone(questions: Sequence[Question], passages: Passages, task: str, search: Search) -> list[Question]:
    """Questions whose records bring no passages, with their gold passages of the corpus as context."""
    if search == "distractor":
        raise UsageError(f"the records of {task} bring no passages; search=open with --corpus FILE searches a corpus")
    if not len(passages):
        raise UsageError(f"the records of {task} bring no passages; search=oracle needs --corpus FILE")
    return [replace(question, context=tuple(passages.find(question.gold_passages))) for question in questions]


def _notes(passages: Passages, coverage: Coverage) -> list[str]:
    if not len(passages):
        return ["there is no corpus: agents that search need --corpus FILE"]
    return [str(coverage)] if coverage.found < coverage.wanted else []
