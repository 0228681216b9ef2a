"""An E-step from beginning to end: draw samples of an agent's decisions, score the gold answer, weigh, write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from toolbench_eval import __version__
from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.dro.agent import Dro
from toolbench_eval.agents.exsearch.agent import ExSearch
from toolbench_eval.agents.session import MAIN
from toolbench_eval.data.questions import Question
from toolbench_eval.errors import OutsideError, UsageError
from toolbench_eval.evaluation.reporter import LoggingReporter, Reporter
from toolbench_eval.evaluation.solving.allowance import RunAllowance
from toolbench_eval.evaluation.solving.plan import SolvePlan, make_plan
from toolbench_eval.evaluation.solving.questions import QuestionWork
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.solve import Solver
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.scoring import cannot_score
from toolbench_eval.registry import Registry
from toolbench_eval.selection import select
from toolbench_eval.training.dro import DroSampler, Incomplete
from toolbench_eval.training.episodes import Studio
from toolbench_eval.training.export import Exporter
from toolbench_eval.training.exsearch import ExSearchSampler
from toolbench_eval.training.ledger import Ledger
from toolbench_eval.training.samples import Sampler, gold_of
from toolbench_eval.training.weights import Weighting

MOST_FAILURES = 0.1
"""Share of failed draws above which the command says that it failed."""
AGENTS: tuple[type[Agent], ...] = (ExSearch, Dro)
"""Agents whose decisions can be drawn."""

Summary = dict[str, Any]


@dataclass(frozen=True)
class SampleRequest:
    """One `evalharness trajectories sample`.

    Attributes:
        run: Task, agent and models, as for a run of the agent.
        out: The file of samples.
        m: Draws for each question.
        weighting: How samples are weighed.
        reward: Measure of the model's own answer.
        incomplete: DRO: what becomes of selections that are too short.
    """

    run: AgentRequest
    out: Path
    m: int = 8
    weighting: Weighting = field(default_factory=Weighting)
    reward: str = "EM"
    incomplete: Incomplete = "drop"

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            UsageError: m is too small, or the agent is none that can be sampled.
        """
        if self.m < 1:
            raise UsageError(f"-m must be at least 1, found {self.m}")
        agent = self.run.agent
        kind = agent_class(agent) if isinstance(agent, str) else type(agent)
        if kind not in AGENTS:
            known = " and ".join(kind.name for kind in AGENTS)
            raise UsageError(f"the agent '{kind.name}' cannot be sampled for training: {known} can")


def sample(request: SampleRequest, registry: Registry | None = None, reporter: Reporter | None = None) -> Summary:
    """Draw the samples of a request; what an earlier run of the same request finished is not drawn again.

    Returns:
        Counts and means over the questions (see `summed`).

    Raises:
        OutsideError: Too many draws failed; the file is written, and the same request tries them again.
        EvalHarnessError: See `toolbench_eval.errors`; finished questions stay for the next run.
    """
    registry, reporter = registry or Registry(), reporter or LoggingReporter()
    selections = select(request.run.base.tasks, registry)
    if len(selections) > 1:
        raise UsageError("the samples of one suite make one file: name the tasks of one suite")
    plan = make_plan(selections[0], request.run, registry, reporter)
    sampler = _sampler(plan.team.agent, request)
    setting = _setting(plan, request)
    exporter = Exporter(_scorer(plan, sampler, request), request.weighting, request.reward, _meta(plan, request))
    _warn(plan, request, reporter)
    with Ledger(request.out, setting).opened() as ledger:
        if ledger.finished is not None:
            reporter.note(f"already there: {request.out}")
            return ledger.finished
        studios = _studios(plan, request)
        for studio in studios:
            _draw(studio, sampler, exporter, ledger, request, reporter)
        keys = [key for studio in studios for key in _questions(studio)]
        records = ledger.records(keys)
        summary = summed(records, request.m)
        ledger.finish(keys, summary)
    reporter.note(f"written: {request.out}")
    _check_failures(summary, records)
    return summary


def summed(records: Sequence[Mapping[str, Any]], m: int) -> Summary:
    """Counts of draws, and means over the questions that have samples.

    Args:
        records: What came of each question.
        m: Draws of each.

    Returns:
        `questions`, `without_samples`, `flat` (questions whose scores told nothing), `drawn`, `kept`, one count for
        each reason to leave a draw out, `format_mass` (share of draws that could be read whole, which estimates their
        probability), `ess`, `elbo` and `log_evidence`; the last two None without likelihoods.
    """
    left_out: Counter[str] = Counter()
    for record in records:
        left_out.update(record["left_out"])
    held = [record for record in records if record["kept"]]
    drawn, reasons = len(records) * m, ("unparsable", "incomplete", "duplicate", "failed")
    answered, misshapen = drawn - left_out["failed"], left_out["unparsable"] + left_out["incomplete"]
    return {
        "questions": len(records),
        "without_samples": len(records) - len(held),
        "flat": sum(record["flat"] for record in held),
        "drawn": drawn,
        "kept": sum(record["kept"] for record in records),
        **{reason: left_out[reason] for reason in reasons},
        "format_mass": 1 - misshapen / answered if answered else None,
        **{name: _mean([record[name] for record in held]) for name in ("ess", "elbo", "log_evidence")},
    }


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def _sampler(agent: Agent, request: SampleRequest) -> Sampler:
    if isinstance(agent, ExSearch):
        return ExSearchSampler(agent)
    if isinstance(agent, Dro):
        return DroSampler(agent, request.incomplete)
    raise UsageError(f"the agent '{agent.name}' cannot be sampled")


def _scorer(plan: SolvePlan, sampler: Sampler, request: SampleRequest) -> CachedLLM | None:
    """Who scores; told early, since it is known before anything is drawn.

    Raises:
        UsageError: The weights need scores and the model cannot score.
    """
    llms = plan.team.llms
    scorer = llms.get(sampler.scorer) or llms[MAIN]
    if not request.weighting.needs_scores:
        return None
    if not scorer.scores:
        raise cannot_score(scorer.name)
    return scorer


def _setting(plan: SolvePlan, request: SampleRequest) -> dict[str, Any]:
    """All that decides the samples: a command that continues must have the same."""
    return {
        **_meta(plan, request),
        "retriever": plan.team.setting["retriever"],
        "suite": plan.selection.suite.name,
        "corpora": {work.row.task: work.corpus_fingerprint for work in plan.works},
        "task_setting": plan.task_setting,
    }


def _meta(plan: SolvePlan, request: SampleRequest) -> dict[str, Any]:
    """What each line says of its origin."""
    team = plan.team.setting
    return {
        "agent": team["agent"],
        "llms": team["llms"],
        "retriever": None if plan.team.model is None else plan.team.model.name,
        "seed": request.run.base.runtime.seed,
        "draws": request.m,
        "weighting": asdict(request.weighting),
        "reward": request.reward,
        "incomplete": request.incomplete,
        "toolbench_eval": __version__,
    }


def _studios(plan: SolvePlan, request: SampleRequest) -> list[Studio]:
    """One for each task."""
    runtime, team = request.run.base.runtime, plan.team
    allowance = RunAllowance(patience=max(16, 2 * runtime.concurrency))
    solver = Solver(team.agent, team.llms, {}, request.run.limits, allowance, runtime.seed, runtime.concurrency)
    studios = []
    for work in plan.works:
        if not isinstance(work, QuestionWork):
            raise UsageError(f"'{plan.selection.suite.name}' has no gold answers to score: sample question answering")
        studios.append(Studio(solver, work, f"{plan.selection.suite.name}/{work.row.task}"))
    if not any(_questions(studio) for studio in studios):
        raise UsageError("no question has a gold answer to score")
    return studios


def _questions(studio: Studio) -> dict[str, Question]:
    """The questions with a gold answer, by task and id."""
    questions = studio.work.questions.values()
    return {f"{studio.name}/{question.id}": question for question in questions if gold_of(question)}


def _draw(
    studio: Studio,
    sampler: Sampler,
    exporter: Exporter,
    ledger: Ledger,
    request: SampleRequest,
    reporter: Reporter,
) -> None:
    """Draw what a task lacks, several questions at a time; each is in the ledger before its worker goes on."""
    questions = _questions(studio)
    lacking = {key: question for key, question in questions.items() if not ledger.done(key, question)}
    if len(lacking) < len(questions):
        reporter.note(f"{studio.name}: {len(questions) - len(lacking)} of {len(questions)} questions are there")
    if not lacking:
        return

    def work(key: str, question: Question) -> None:
        drawn = sampler.draw(studio, question, request.m)
        ledger.add(key, question, *exporter.export(studio, question, drawn))

    with (
        reporter.track(f"sample {studio.name}", len(lacking)) as advance,
        studio.work.at_work(),
        ThreadPoolExecutor(studio.solver.concurrency) as pool,
    ):
        futures = [pool.submit(work, key, question) for key, question in lacking.items()]
        try:
            for future in as_completed(futures):
                future.result()
                advance(1)
        except BaseException:
            studio.stopped.set()
            for future in futures:
                future.cancel()
            raise


def _warn(plan: SolvePlan, request: SampleRequest, reporter: Reporter) -> None:
    for work in plan.works:
        for note in work.notes:
            reporter.warn(note)
        if isinstance(work, QuestionWork) and (without := sum(not gold_of(one) for one in work.questions.values())):
            reporter.warn(f"{work.row.task}: {without} questions have no gold answer and are left out")
    if request.m == 1 and request.weighting.kind == "self_normalised":
        reporter.warn("-m 1: every weight is 1, which is plain self-training; the gold answer decides nothing")


def _check_failures(summary: Summary, records: Sequence[Mapping[str, Any]]) -> None:
    if summary["failed"] <= MOST_FAILURES * summary["drawn"]:
        return
    first = next(why for record in records for why in record["errors"])
    raise OutsideError(
        f"{summary['failed']} of {summary['drawn']} draws failed (more than {MOST_FAILURES:.0%}); the first: {first}. "
        "What was drawn is written; the same command tries these questions again"
    )
