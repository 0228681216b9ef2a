"""Tool use: the environment of each problem, what is offered there, and how runs are scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.agent_data import tool_row
from toolbench_eval.data.pins import check_rows
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.questions import Sample
from toolbench_eval.data.tasks import Origin
from toolbench_eval.data.tool_problems import ToolProblem
from toolbench_eval.data.tools.load import load_problems
from toolbench_eval.data.tools.task import ToolTask
from toolbench_eval.environments.base import Environment, ErrorKind, ToolSpec
from toolbench_eval.environments.guarded import CallLimits, Guarded
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.searching import SharedModel
from toolbench_eval.evaluation.solving.tools.criteria import CRITERIA, mark
from toolbench_eval.evaluation.solving.tools.gold import completed
from toolbench_eval.evaluation.solving.tools.judging import judge as judge_run
from toolbench_eval.evaluation.solving.tools.offers import RETRIEVED, Offers, gold_names, notes_on
from toolbench_eval.evaluation.solving.tools.retrieval import ToolSearch
from toolbench_eval.evaluation.solving.tools.scoring import ToolScorer
from toolbench_eval.evaluation.solving.tools.success import Seen, tool_calls
from toolbench_eval.evaluation.solving.tools.teval import EXACT, SIMILARITY, Likeness, load_similarity, stored
from toolbench_eval.evaluation.solving.work import Surroundings
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.registry import Registry
from toolbench_eval.results.samples import ContentDigest
from toolbench_eval.retrievers.model import Model
from toolbench_eval.retrievers.similarity import TextSimilarity
from toolbench_eval.suites import Suite, TaskRow, ToolRow

LIMITS = CallLimits(seconds=60.0, characters=100_000, calls=200)
"""Bounds of one sample's calls."""

WITH_SIMULATOR = replace(LIMITS, seconds=600.0)
"""The same where a language model makes up replies: it has its own patience with its endpoint."""

UNDONE: frozenset[ErrorKind] = frozenset(
    {"unknown_tool", "malformed_arguments", "invalid_arguments", "call_limit", "timeout"}
)
"""Errors of calls that changed nothing, or of which nobody knows what they changed: they are not made again."""


@dataclass
class ToolWork:
    """One tool use task.

    Attributes:
        task: The problems, with what their scoring compares with.
        scorer: How runs are scored.
        offers: Which tools are offered.
        judge: The model that judges runs, None for none.
        similarity: What compares texts, None where nothing is compared or names have to be equal.
    """

    task: ToolTask
    scorer: ToolScorer
    offers: Offers
    judge: CachedLLM | None = None
    similarity: TextSimilarity | None = None
    _seen: dict[str, tuple[str, Seen]] = field(default_factory=dict, repr=False)

    @property
    def row(self) -> TaskRow:
        """The task's row."""
        return self.task.row

    @property
    def origin(self) -> Origin:
        """Where the problems came from."""
        return self.task.origin

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the task."""
        return self.task.notes

    @cached_property
    def problems(self) -> Mapping[str, ToolProblem]:
        """The problems by id."""
        return {problem.id: problem for problem in self.task.problems}

    @cached_property
    def samples(self) -> Sequence[Sample]:
        """What is to be solved."""
        return [problem.sample for problem in self.task.problems]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the problems with everything gold and what they start from."""
        return self.task.fingerprint

    @property
    def corpus_fingerprint(self) -> str:
        """SHA-256 of what answers the calls."""
        return self.task.tools_fingerprint

    @property
    def measures(self) -> tuple[str, ...]:
        """Success, measures of the path, rates, costs."""
        return self.scorer.measures

    @property
    def left_out(self) -> tuple[str, ...]:
        """Measures that were asked for and that this task does not have."""
        return self.scorer.left_out

    @property
    def profile(self) -> str:
        """The way of scoring, and what answered the calls: `path in examples` is no success that was executed."""
        simulated = "" if self.task.simulator is None else " + simulator"
        return f"{self.scorer.name}{self._compared_by} in {self.task.row.environment}{simulated}"

    @property
    def _compared_by(self) -> str:
        if self.scorer.scoring.compares is None:
            return ""
        return f" by {EXACT if self.similarity is None else self.similarity.name}"

    @cached_property
    def qrels(self) -> Qrels | None:
        """The gold tools as judgments, where tools are retrieved and every problem has some."""
        if self.offers.toolset != RETRIEVED:
            return None
        gold = {problem.id: dict.fromkeys(gold_names(problem), 1) for problem in self.task.problems}
        return Qrels.of(gold) if all(gold.values()) else None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Samples share nothing that has to be opened."""
        yield

    def surroundings(self, sample: Sample) -> Surroundings:
        """The tools of a problem, new and within bounds."""
        environment = self.offers.environment(self.problems[sample.id])
        limits = LIMITS if self.task.simulator is None else WITH_SIMULATOR
        return Surroundings(tools=None if environment is None else Guarded(environment, limits))

    def score(self, trajectory: Trajectory) -> dict[str, float]:
        """Every measure of one run."""
        problem = self.problems[trajectory.sample]
        return self.scorer.score(problem, trajectory, self._looked(trajectory))

    def gold(self, sample: str) -> Mapping[str, Any]:
        """The problem without what its environment starts from."""
        return {key: value for key, value in asdict(self.problems[sample]).items() if key != "setup"}

    def target(self, sample: str) -> str:
        """The accepted answers, else the gold calls."""
        problem = self.problems[sample]
        return " | ".join(problem.answers) or ", ".join(gold_names(problem))

    def retrieved(self, trajectory: Trajectory) -> Sequence[str]:
        """The tools that were retrieved for the request, best first."""
        return self.offers.retrieved(self.problems[trajectory.sample])

    def with_retrieved(self, rankings: Mapping[str, Sequence[str]]) -> ToolWork:
        """The same problems, each with the tools on offer that a stored run found for it."""
        found = replace(self.offers, toolset=RETRIEVED, retrieved=lambda problem: rankings[problem.id])
        return replace(self, offers=found, _seen={})

    def evidence(self, trajectory: Trajectory) -> Mapping[str, Any]:
        """The tools on offer, the state after the calls, the judge's verdict."""
        seen = self._looked(trajectory)
        del self._seen[trajectory.sample]  # a sample is written when all is done with it
        offered = [{"name": tool.name, "parameters": tool.parameters} for tool in seen.offered]
        found = {"offered": offered, "state": seen.state, "verdict": dict(seen.verdict)}
        return found if seen.likeness is None else {**found, "likeness": stored(seen.likeness)}

    def _looked(self, trajectory: Trajectory) -> Seen:
        """What scoring sees beside the trajectory; kept, because a run is scored when it ends and when it is written.

        The state is that after the trajectory's calls were made again in a new environment, so that a score follows
        from the trajectory alone, also where the run was interrupted and went on.
        """
        digest, known = _digest(trajectory), self._seen.get(trajectory.sample)
        if known is not None and known[0] == digest:
            return known[1]
        offered = self.offered(trajectory.sample)
        verdict = self._verdict(self.problems[trajectory.sample], trajectory, offered)
        seen = Seen(offered, self.state_after(trajectory), verdict, self._likeness(trajectory))
        self._seen[trajectory.sample] = digest, seen
        return seen

    def _likeness(self, trajectory: Trajectory) -> Likeness | None:
        compares = self.scorer.scoring.compares
        if compares is None or self.similarity is None:
            return None
        return self.similarity(compares(self.problems[trajectory.sample], trajectory))

    def offered(self, sample: str) -> tuple[ToolSpec, ...]:
        """The tools on offer for a problem, in their order."""
        environment = self.offers.environment(self.problems[sample])
        return () if environment is None else tuple(environment.tools())

    def state_after(self, trajectory: Trajectory) -> Any:
        """The state of a new environment after the calls of a run, None where scoring does not look at it."""
        environment = self.offers.environment(self.problems[trajectory.sample])
        if environment is None or not self.scorer.scoring.looks_at_state:
            return None
        return state_after(trajectory, environment)

    def _verdict(self, problem: ToolProblem, trajectory: Trajectory, offered: Sequence[ToolSpec]) -> Mapping[str, Any]:
        if self.judge is None:
            return {}
        verdict = judge_run(self.judge, problem, trajectory, offered)
        criteria = CRITERIA.get(self.task.row.format)
        return verdict if criteria is None else verdict | {"criteria": mark(self.judge, problem, trajectory, criteria)}


def _digest(trajectory: Trajectory) -> str:
    digest = ContentDigest()
    digest.add(trajectory.canonical())
    return digest.value


def state_after(trajectory: Trajectory, environment: Environment) -> Any:
    """The state of a new environment after the calls of a run."""
    guarded = Guarded(environment, LIMITS)
    for step in tool_calls(trajectory):
        if step.error not in UNDONE:
            guarded.call(step.name, step.arguments)
    return guarded.snapshot()


def load_tool_work(
    suite: Suite,
    row: TaskRow,
    request: AgentRequest,
    registry: Registry,
    options: Mapping[str, str],
    model: Model | None,
    judge: CachedLLM | None,
) -> ToolWork:
    """Load a tool use task.

    Args:
        suite: Its suite.
        row: Its row.
        request: What the user asks for.
        registry: Where names are looked up.
        options: The task's options, see `kinds.TASK_OPTIONS`.
        model: The retriever, None for none.
        judge: The model that judges runs, None for none.

    Raises:
        MissingDataError: There is no data, or the task can only be judged and there is no judge.
        DataError: The data is broken, or lacks what its scoring compares with.
        UsageError: Tools are to be retrieved and there is no retriever, or the reverse.
    """
    if not isinstance(row, ToolRow):
        raise DataError(f"the suite '{suite.name}' is none of tool use")
    base, name = request.base, f"{suite.name}/{row.task}"
    if row.scoring == "judge" and judge is None:
        raise MissingDataError("has no gold: it needs a judge, --judge MODEL", file=name)
    toolset = row.toolset if options["toolset"] == "own" else options["toolset"]
    if (toolset == RETRIEVED) != (model is not None):
        lacking = "name one with --model" if model is None else "--model is for --set toolset=retrieved only"
        raise UsageError(f"{name}: tools are retrieved by a retriever: {lacking}")
    task = load_problems(suite, row, base.access, source=request.source, tools=request.corpus, limit=base.limit)
    if base.limit is None and request.corpus is None:  # else it is not the whole of what was pinned
        check_rows(suite, lambda: [tool_row(suite, task)])
    task = replace(task, problems=completed(task, row.scoring))
    offers = Offers(task, toolset, options["order"], base.runtime.seed)
    if model is not None:
        k = int(options["tools_k"])
        offers = replace(offers, retrieved=ToolSearch(SharedModel.of(model), task.pool, task.problems, k))
    task = replace(task, notes=(*task.notes, *notes_on(offers, task.problems)))
    asked = (*suite.spec.metrics, *base.metrics)
    scorer = ToolScorer.of(
        row.scoring,
        task.problems,
        asked,
        with_tools=task.maker is not None,
        judged=judge is not None,
        marked=judge is not None and row.format in CRITERIA,
    )
    similarity = None
    if scorer.scoring.compares is not None and SIMILARITY in options:
        runtime = replace(base.runtime, offline=base.access.offline)
        similarity = load_similarity(options[SIMILARITY], registry, runtime)
    return ToolWork(task, scorer, replace(offers, task=task), judge, similarity)
