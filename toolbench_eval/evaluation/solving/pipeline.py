"""The pipeline of agents: plan, solve each task's samples through the runtime, score, write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from toolbench_eval.agents.session import MAIN
from toolbench_eval.errors import OutsideError
from toolbench_eval.evaluation.parts import weights_recorded
from toolbench_eval.evaluation.provenance import environment, peak_memory_bytes
from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.evaluation.solving.failures import objection, too_many
from toolbench_eval.evaluation.solving.finish import finish_solved
from toolbench_eval.evaluation.solving.journal import Journal
from toolbench_eval.evaluation.solving.perturbed import perturbed_agent, perturbed_llm
from toolbench_eval.evaluation.solving.plan import NO_MODEL, SolvePlan, make_plan
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.solve import Solver, solve_task
from toolbench_eval.evaluation.timing import Timing
from toolbench_eval.evaluation.workplace import JOURNAL, LOGS
from toolbench_eval.registry import Registry
from toolbench_eval.results.aggregate import Naming, TaskScores, aggregates, bootstrap, intervals
from toolbench_eval.results.schema import Count, Execution, Headline, Result, TaskResult
from toolbench_eval.results.sidecars import read_per_query
from toolbench_eval.results.store import RESULT_FILE, distinct_slug, read_result
from toolbench_eval.selection import Selection, select


class TooManyFailuresError(OutsideError):
    """More samples failed than the user allows; the results are kept and marked."""

    def __init__(self, results: list[Result], message: str) -> None:
        super().__init__(message)
        self.results = results


def solve(request: AgentRequest, registry: Registry | None = None, reporter: Reporter | None = None) -> list[Result]:
    """Evaluate an agent on the tasks of a request.

    Args:
        request: What is asked for.
        registry: Where names are looked up.
        reporter: Who is told of progress.

    Returns:
        One result for each suite, in the order they were named.

    Raises:
        TooManyFailuresError: More samples failed than `max_failures` allows.
        EvalHarnessError: See `toolbench_eval.errors`; finished samples stay for the next run.
    """
    registry, reporter = registry or Registry(), reporter or LoggingReporter()
    selections = select(request.base.tasks, registry)
    ends = [_solve_suite(selection, request, registry, reporter) for selection in selections]
    results = [result for result, _ in ends]
    if objections := [objection for _, objection in ends if objection]:
        raise TooManyFailuresError(results, "; ".join(objections))
    return results


def _solve_suite(
    selection: Selection, request: AgentRequest, registry: Registry, reporter: Reporter
) -> tuple[Result, str | None]:
    """The result, and what to say where too many samples failed."""
    timing = Timing()
    with timing.phase("load"):
        plan = make_plan(selection, request, registry, reporter)
    _warn(plan, reporter)
    place = plan.workplace
    with place.locked(reporter):
        if place.finished:
            reporter.note(f"already there: {place.result_file}")
            result = read_result(place.result_file)
            refused = too_many(result, request.max_failures)
            return result, objection(result, place.folder, finished=True) if refused else None
        solver = _solver(plan, request)
        tasks, resumed = {}, False
        for work in plan.works:
            name = f"{selection.suite.name}/{work.row.task}"
            done = place.done(work.row.task)
            if done is None:
                journal = Journal(place.partial / JOURNAL / f"{distinct_slug(work.row.task)}.jsonl")
                with timing.phase("solve"):
                    log = place.path(LOGS, work.row.task, ".eval")
                    resumed |= solve_task(work, solver, journal, log, name, reporter)
                with timing.phase("score"):
                    done = finish_solved(work, journal, place)
            tasks[work.row.task] = done
        _warn_of_idle(plan, reporter)
        result = _assemble(plan, tasks, timing, resumed)
        if too_many(result, request.max_failures):
            reporter.note(f"kept and marked: {place.failed_folder / RESULT_FILE}")
            result = place.set_aside(result)
            return result, objection(result, place.failed_folder, finished=False)
        place.finish(result)
        return read_result(place.result_file), None


def _solver(plan: SolvePlan, request: AgentRequest) -> Solver:
    team, runtime = plan.team, request.base.runtime
    prices = {role: llm.meter.price for role, llm in team.llms.items() if llm.meter.price is not None}
    allowance = RunAllowance(request.run_tokens, request.run_dollars, patience=max(16, 2 * runtime.concurrency))
    agent = perturbed_agent(team.agent, request.perturbations)
    llms = {role: perturbed_llm(llm, request.perturbations) for role, llm in team.llms.items()}
    return Solver(agent, llms, prices, request.limits, allowance, runtime.seed, runtime.concurrency)


def _assemble(plan: SolvePlan, tasks: Mapping[str, TaskResult], timing: Timing, resumed: bool) -> Result:
    suite, team = plan.selection.suite, plan.team
    scored = {name: TaskScores(task.category, task.scores, _per_query(plan, task)) for name, task in tasks.items()}
    counts = {
        f"{suite.name}/{work.row.task}": Count(expected=work.row.queries, found=len(work.samples))
        for work in plan.works
        if work.row.queries is not None
    }
    partial = bool(plan.missing) or not plan.selection.whole or plan.task_setting["limit"] is not None
    line = _headline(plan, scored)
    return Result(
        suite=suite.name,
        suite_version=suite.spec.version,
        kind=suite.spec.kind,
        model=NO_MODEL if team.model is None else team.model.name,
        model_revision=None if team.model is None else team.model.revision,
        task_setting=plan.task_setting,
        model_setting=team.setting,
        partial=partial or any(count.expected != count.found for count in counts.values()),
        missing=list(plan.missing),
        counts=counts,
        tasks={f"{suite.name}/{name}": task for name, task in tasks.items()},
        aggregates=aggregates(scored, _naming(plan)),
        headline=line,
        intervals=intervals(scored, line.aggregate, plan.task_setting["seed"], naming=_naming(plan)),
        agent=team.agent.name,
        llm=team.llms[MAIN].name,
        execution=_execution(plan, timing, resumed),
    ).with_identity()


def _headline(plan: SolvePlan, scored: dict[str, TaskScores]) -> Headline:
    declared, naming = plan.selection.suite.spec.headline, _naming(plan)
    averages = aggregates(scored, naming)
    aggregate = declared.aggregate if declared.aggregate in averages else f"{naming.unit}_macro"
    interval = bootstrap(scored, declared.metric, aggregate, plan.task_setting["seed"], naming=naming)
    return Headline(
        metric=declared.metric, aggregate=aggregate, value=averages[aggregate][declared.metric], ci95=interval
    )


def _naming(plan: SolvePlan) -> Naming:
    spec = plan.selection.suite.spec
    return Naming(spec.unit, spec.group)


def _per_query(plan: SolvePlan, task: TaskResult) -> dict[str, Any]:
    return read_per_query(plan.workplace.partial / str(task.per_query_file))[1]


def _execution(plan: SolvePlan, timing: Timing, resumed: bool) -> Execution:
    cost: Counter[str] = Counter()
    team = plan.team
    for llm in filter(None, (*team.llms.values(), team.judge, team.simulator)):
        cost.update(llm.meter.report())
    origins = {work.row.task: vars(work.origin) for work in plan.works}
    models = {} if team.searched is None else weights_recorded(team.searched)
    return Execution(
        timing=timing.report(),
        environment=environment(),
        cost=dict(cost),
        peak_memory_bytes=peak_memory_bytes(),
        sources={"tasks": origins, **({"models": models} if models else {})},
        files=plan.workplace.file_digests(),
        resumed=resumed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _warn(plan: SolvePlan, reporter: Reporter) -> None:
    if plan.missing:
        reporter.warn(f"no data for {len(plan.missing)} tasks, the result is partial: {', '.join(plan.missing)}")
    for work in plan.works:
        expected, found = work.row.queries, len(work.samples)
        if plan.task_setting["limit"] is None and expected not in (None, found):
            reporter.warn(f"{work.row.task} has {found} samples (expected {expected}): the result is partial")
        for note in work.notes:
            reporter.warn(note)


def _warn_of_idle(plan: SolvePlan, reporter: Reporter) -> None:
    """Name the roles whose models nobody asked, though others were asked: the name of a role may be misspelt."""
    asked = {role: sum(llm.meter.counts[what] for what in ("calls", "cached")) for role, llm in plan.team.llms.items()}
    for role, times in asked.items():
        if role != MAIN and not times and any(asked.values()):
            reporter.warn(f"{plan.team.agent.name} never asked the model of the role '{role}'")
