"""The pipeline: index each corpus once, search every task and setting that needs it, score, write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.instructions import instructed
from toolbench_eval.data.shelf import CorpusHandle
from toolbench_eval.data.tasks import TaskData, Unit
from toolbench_eval.evaluation.answer import answer
from toolbench_eval.evaluation.assemble import assemble
from toolbench_eval.evaluation.finish import finish_task
from toolbench_eval.evaluation.first_stage import announce, look_ahead
from toolbench_eval.evaluation.modelled import requested_model
from toolbench_eval.evaluation.oddities import oddities
from toolbench_eval.evaluation.plan import Plan, load_data, make_plans
from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.spending import Spending
from toolbench_eval.evaluation.timing import Timing
from toolbench_eval.evaluation.windows import kept
from toolbench_eval.metrics.language import parse_measures
from toolbench_eval.ranking.run import Run
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import read_result
from toolbench_eval.retrievers.model import Model
from toolbench_eval.selection import Selection, select


def run(
    request: Request,
    model: str | Model,
    registry: Registry | None = None,
    reporter: Reporter | None = None,
) -> list[Result]:
    """Evaluate a model on the tasks of a request.

    Args:
        request: What is asked for.
        model: A name, or a model of one's own.
        registry: Where names are looked up.
        reporter: Who is told of progress.

    Returns:
        One result for each suite and instruction setting, suites in the order they were named.

    Raises:
        EvalHarnessError: See `toolbench_eval.errors`; finished tasks stay for the next run.
    """
    registry, reporter = registry or Registry(), reporter or LoggingReporter()
    if request.metrics:
        parse_measures(request.metrics)  # refuses what is no measure before any data are looked for
    results: list[Result] = []
    for selection in select(request.tasks, registry):
        results += _run_suite(selection, request, model, registry, reporter)
    return results


@dataclass
class Piece:
    """A task under a plan, and the runs of its splits as they come in.

    Attributes:
        task: The task.
        plan: The plan.
        runs: Runs of the splits that were searched already, by the split's position.
    """

    task: TaskData
    plan: Plan
    runs: dict[int, Run] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every split was searched."""
        return len(self.runs) == len(self.task.units)


@dataclass(frozen=True)
class Search:
    """One split of a piece: the smallest thing that is searched."""

    piece: Piece
    at: int

    @property
    def unit(self) -> Unit:
        """The split's queries and judgments."""
        return self.piece.task.units[self.at]

    @property
    def handle(self) -> CorpusHandle:
        """The documents that it searches."""
        return self.piece.plan.corpus_of(self.piece.task, self.unit)

    @property
    def index(self) -> str:
        """Name of the index of those documents."""
        return self.piece.plan.index_of(self.piece.task, self.unit)


def _run_suite(
    selection: Selection, request: Request, model: str | Model, registry: Registry, reporter: Reporter
) -> list[Result]:
    timing = Timing()
    if isinstance(model, str):
        model = requested_model(model, selection.suite, request, registry, reporter)
    with timing.phase("load"):
        data = load_data(selection, request, registry, reporter)
        plans = make_plans(selection, data, model, request)
    for text in oddities(plans):
        reporter.warn(text)
    with ExitStack() as locks:
        for plan in sorted(plans, key=lambda plan: plan.workplace.folder):
            locks.enter_context(plan.workplace.locked(reporter))
        for plan in plans:
            if plan.workplace.finished:
                reporter.note(f"already there: {plan.workplace.result_file}")
        open_plans = [plan for plan in plans if not plan.workplace.finished]
        found = look_ahead(open_plans, model, reporter)
        spending = Spending(model)
        resumed = _evaluate(open_plans, model, timing, spending, reporter)
        for plan in kept(open_plans, spending, resumed, model.name, reporter):
            cost, begun = spending.of(plan), plan.instruction in resumed
            result = assemble(plan, model, timing, cost=cost, first_stage=found[plan.instruction], resumed=begun)
            plan.workplace.finish(result)
        return [read_result(plan.workplace.result_file) for plan in plans]


def _evaluate(plans: list[Plan], model: Model, timing: Timing, spending: Spending, reporter: Reporter) -> set[str]:
    """Leave the files of every task in the plans' workplaces; returns the settings of which some were there already."""
    total = sum(len(plan.data.tasks) for plan in plans)
    pieces = [
        Piece(task, plan) for plan in plans for task in plan.data.tasks if plan.workplace.done(task.row.task) is None
    ]
    if len(pieces) < total:
        reporter.note(f"continuing: {total - len(pieces)} of {total} pieces are done")
    with reporter.track(f"search with {model.name}", sum(len(piece.task.queries) for piece in pieces)) as advance:
        for searches in _by_corpus(pieces):
            with timing.phase("load"):
                corpus = replace(searches[0].handle.corpus, ties=searches[0].piece.plan.switches.ties)
            with timing.phase("index"), spending.for_plan(searches[0].piece.plan):
                model.index(corpus)
            for search in searches:
                with timing.phase("search"), spending.for_plan(search.piece.plan):
                    search.piece.runs[search.at] = _search(search, corpus, model)
                    timing.searched += len(search.unit.queries)
                if search.piece.complete:
                    finish_task(search.piece.task, search.piece.plan, search.piece.runs, timing)
                    search.piece.runs.clear()
                advance(len(search.unit.queries))
    to_do = Counter(piece.plan.instruction for piece in pieces)
    return {plan.instruction for plan in plans if to_do[plan.instruction] < len(plan.data.tasks)}


def _by_corpus(pieces: list[Piece]) -> Iterator[list[Search]]:
    """Group searches by what they search, so that equal corpora are indexed once whatever their names."""
    groups: dict[str, list[Search]] = {}
    for piece in pieces:
        for at in range(len(piece.task.units)):
            search = Search(piece, at)
            groups.setdefault(search.index, []).append(search)
    yield from groups.values()


def _search(search: Search, corpus: Corpus, model: Model) -> Run:
    plan, queries = search.piece.plan, search.unit.queries
    if plan.instruction == "with":
        asked = instructed(queries, plan.switches.instruction_kind, plan.task_setting["seed"])
    else:
        asked = replace(queries, instructions=None)
    announce(plan, search.piece.task, model)
    run = model.search(asked, plan.task_setting["k"], search.unit.qrels)
    return answer(run, queries, corpus, model.name)
