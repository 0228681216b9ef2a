"""Question answering: what agents search, and how their answers are scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.agent_data import question_row
from toolbench_eval.data.passages import Passage
from toolbench_eval.data.pins import check_rows
from toolbench_eval.data.qa.load import QuestionTask, load_questions
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.questions import Question, Sample
from toolbench_eval.data.tasks import Origin
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.evaluation.solving.answers import Retrieved, Scorer
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.searching import SharedModel, SharedSearch, own_search
from toolbench_eval.evaluation.solving.sums import COSTS, costs
from toolbench_eval.evaluation.solving.work import Surroundings
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.metrics.answers.merging import concatenate
from toolbench_eval.metrics.answers.profiles import find_profile
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.model import Model
from toolbench_eval.suites import QuestionRow, Search, Suite, TaskRow


@dataclass
class QuestionWork:
    """One question answering task.

    Attributes:
        task: The questions and their corpus.
        scorer: How answers and retrieval are scored.
        retrieval: `open` searches the corpus, `distractor` a question's own context, `oracle` its gold passages.
        model: The retriever, None where the agent gets none.
    """

    task: QuestionTask
    scorer: Scorer
    retrieval: Search
    model: SharedModel | None
    _corpus_search: SharedSearch | None = field(default=None, repr=False)

    @property
    def row(self) -> TaskRow:
        """The task's row."""
        return self.task.row

    @property
    def origin(self) -> Origin:
        """Where the questions came from."""
        return self.task.origin

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mended while loading."""
        return self.task.notes

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """The questions by id."""
        return {question.id: question for question in self.task.questions}

    @cached_property
    def samples(self) -> Sequence[Sample]:
        """What is to be solved."""
        return [question.sample for question in self.task.questions]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the questions with everything gold."""
        return self.task.fingerprint

    @property
    def corpus_fingerprint(self) -> str:
        """SHA-256 of what is searched; contexts and gold passages are part of the records."""
        return self.task.passages.fingerprint if self.retrieval == "open" else self.task.fingerprint

    @property
    def measures(self) -> tuple[str, ...]:
        """Answer measures, retrieval measures, costs."""
        return (*self.scorer.measures, *COSTS)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Retrieval measures that some question has no gold for."""
        return self.scorer.left_out

    @cached_property
    def qrels(self) -> Qrels | None:
        """Gold passages as judgments, where every question has some."""
        gold = {question.id: dict.fromkeys(question.gold_passages, 1) for question in self.task.questions}
        return Qrels.of(gold) if gold and all(gold.values()) else None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keeps one index for all samples; it is made before the first of them begins."""
        if self.model is None or self.retrieval != "open":
            yield
            return
        with SharedSearch(self.model, self.task.passages).opened() as search:
            self._corpus_search = search
            yield

    def surroundings(self, sample: Sample) -> Surroundings:
        """The search of a question."""
        if self.model is None:
            return Surroundings()
        if self.retrieval == "open":
            return Surroundings(self._corpus_search)
        return Surroundings(own_search(self.model, self.questions[sample.id].context))

    def score(self, trajectory: Trajectory) -> dict[str, float]:
        """Every measure of one question."""
        question = self.questions[trajectory.sample]
        return {**self.scorer.score(question, trajectory, self._retrieved(trajectory)), **costs(trajectory)}

    def evidence(self, trajectory: Trajectory) -> Mapping[str, Any]:
        """Ids and titles of what was retrieved, and whether each holds an answer."""
        return {"retrieved": asdict(self._retrieved(trajectory))}

    @property
    def profile(self) -> str:
        """The evaluator."""
        return self.scorer.profile.name

    def gold(self, sample: str) -> Mapping[str, Any]:
        """The question without its context."""
        values = asdict(self.questions[sample])
        return {key: value for key, value in values.items() if key not in {"context", "sentences"}}

    def target(self, sample: str) -> str:
        """The accepted answers."""
        return " | ".join(self.questions[sample].answers)

    def retrieved(self, trajectory: Trajectory) -> Sequence[str]:
        """The searches in call order, each passage at its first place (mhqa.md 5.7)."""
        return concatenate(search.documents for search in trajectory.searches)

    def _retrieved(self, trajectory: Trajectory) -> Retrieved:
        question = self.questions[trajectory.sample]
        return Retrieved.of(question, self.passages(question, self.retrieved(trajectory)))

    def passages(self, question: Question, ids: Iterable[str]) -> list[Passage]:
        """The passages of ids, where the question searches."""
        if self.retrieval == "open":
            return self.task.passages.find(ids)
        own = {passage.id: passage for passage in question.context}
        return [own[name] for name in ids if name in own]


def load_question_work(
    suite: Suite,
    row: TaskRow,
    request: AgentRequest,
    registry: Registry,
    options: Mapping[str, str],
    model: Model | None,
    judge: CachedLLM | None,
) -> QuestionWork:
    """Load a question answering task.

    Raises:
        MissingDataError: Its data are not there.
        UsageError: Its records have no context or no gold passages to search in, as was asked for.
    """
    if not isinstance(row, QuestionRow):
        raise DataError("the row is none of a question answering suite", file=suite.folder)
    base, name = request.base, f"{suite.name}/{row.task}"
    retrieval = _search(row if options["retrieval"] == "own" else options["retrieval"])
    task = load_questions(
        suite,
        row,
        base.access,
        source=request.source,
        corpus=request.corpus,
        limit=base.limit,
        search=retrieval,
        drop_unusable=options["questions"] == "usable",
        registry=registry,
    )
    if _as_declared(row, request, options, retrieval):
        check_rows(suite, lambda: [question_row(suite, task)])
    if model is not None and retrieval == "open" and not len(task.passages):
        advice = "give one with --corpus FILE, or --set retrieval=distractor"
        raise UsageError(f"{name} has no corpus to search in: {advice}")
    profile = find_profile(row.profile if options["profile"] == "official" else options["profile"])
    scorer = Scorer.of(task.questions, profile, (*suite.spec.metrics, *base.metrics), judge)
    return QuestionWork(task, scorer, retrieval, None if model is None else SharedModel.of(model))


def _as_declared(row: QuestionRow, request: AgentRequest, options: Mapping[str, str], retrieval: Search) -> bool:
    """Whether these are the task's whole data, so that pins hold for them."""
    whole = request.base.limit is None and request.corpus is None and options["questions"] == "all"
    return whole and retrieval == row.search


def _search(asked: QuestionRow | str) -> Search:
    """Where to search: what the user says, else what the task's row says."""
    found: Search = asked.search if isinstance(asked, QuestionRow) else asked  # type: ignore[assignment]
    return found
