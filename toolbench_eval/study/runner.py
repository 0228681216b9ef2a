"""Running the conditions of a study: each is an ordinary run of an agent, kept, and never made twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.options import option_names
from toolbench_eval.agents.session import Limits
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, EvalHarnessError, OutsideError, StorageError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.perturbed import Perturbation
from toolbench_eval.evaluation.solving.pipeline import TooManyFailuresError, solve
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.llms.load import load_llm
from toolbench_eval.progress import Advance
from toolbench_eval.registry import Registry
from toolbench_eval.results.samples import read_samples
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import RESULT_FILE, read_result
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.selection import select
from toolbench_eval.study.declaration import Study
from toolbench_eval.study.decoding import Seed
from toolbench_eval.study.design import Condition, Design, make_design
from toolbench_eval.study.factors import FACTORS, Around, find_factor
from toolbench_eval.study.observed import Observed, observe
from toolbench_eval.study.query_styles import read_paraphrases

RUNS = "runs"
"""Folder of the results of single runs."""


@dataclass(frozen=True)
class Place:
    """Where a study is made, and what it may use.

    Attributes:
        out: Its folder.
        access: Where data may come from.
        concurrency: Samples at a time.
    """

    out: Path
    access: Access = field(default_factory=Access)
    concurrency: int = 16


@dataclass(frozen=True)
class PlannedRun:
    """One run to make.

    Attributes:
        condition: The condition.
        seed: Seed of the repeat.
        request: What is asked of the pipeline of agents.
    """

    condition: Condition
    seed: int
    request: AgentRequest


@dataclass(frozen=True)
class Plan:
    """Everything that a study will do.

    Attributes:
        study: Its declaration.
        design: Its conditions.
        runs: The runs, all repeats of a condition after each other.
        kind: Kind of the suite.
    """

    study: Study
    design: Design
    runs: tuple[PlannedRun, ...]
    kind: str


@dataclass(frozen=True)
class MadeRun:
    """A run that was made.

    Attributes:
        planned: What was asked for.
        result: What came of it.
        file: Where the result is, relative to the study's folder.
        samples: What is seen of each sample, in the order of the tasks.
    """

    planned: PlannedRun
    result: Result
    file: str
    samples: tuple[Observed, ...]


class Told:
    """Hands on the progress of single runs, and each of their warnings once; their notes would be many."""

    def __init__(self, reporter: Reporter) -> None:
        """Take who is told."""
        self._reporter = reporter
        self._warnings: set[str] = set()

    def note(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """Hand on what is new."""
        if text not in self._warnings:
            self._warnings.add(text)
            self._reporter.warn(text)

    def track(self, what: str, total: int) -> AbstractContextManager[Advance]:
        """Hand on."""
        return self._reporter.track(what, total)


def plan_study(study: Study, place: Place, registry: Registry) -> Plan:
    """Everything that a study will do; whatever is wrong with any level is found here, before the first run.

    Raises:
        UsageError: Task, agent or language model are missing, or the tasks are of several suites.
        DataError: A factor or a level cannot be.
    """
    base = study.base
    for name, value in (("task", base.task), ("agent", base.agent), ("llm", base.llm)):
        if not value:
            raise UsageError(f"the study '{study.name}' has no {name}: give it as base.{name} or with --{name}")
    selections = select(tuple(base.task), registry)
    if len(selections) != 1:
        raise UsageError("a study is made on the tasks of one suite")
    kind = selections[0].suite.spec.kind
    design = make_design(study.design, study.factors, study.resolution)
    paraphrases = {} if study.paraphrases is None else read_paraphrases(study.paraphrases)
    around = Around(kind, base.agent, study.system_prompts, paraphrases)
    runs = [
        PlannedRun(condition, seed, _request(study, condition, seed, around, place))
        for condition in design.conditions
        for seed in study.repeat_seeds
    ]
    for name in sorted({name for run in runs for name in run.request.llms.values()}):
        load_llm(name)  # refuses names that cannot be read, and keys that are not set
    return Plan(study, design, tuple(runs), kind)


def run_study(plan: Plan, place: Place, registry: Registry, reporter: Reporter) -> tuple[MadeRun, ...]:
    """Make all runs; those that are there are read.

    Raises:
        OutsideError: Too many samples of a run failed because something outside did.
        EvalHarnessError: See `toolbench_eval.errors`; finished runs and samples stay.
    """
    results, told = [], Told(reporter)
    with reporter.track(f"study {plan.study.name}", len(plan.runs)) as advance:
        for number, run in enumerate(plan.runs, start=1):
            reporter.note(f"run {number} of {len(plan.runs)}: {run.condition.label}, seed {run.seed}")
            results.append(_made(run, plan, registry, told))
            advance(1)
    files = _files(place.out / RUNS)
    metric = plan.study.metric or results[0].headline.metric
    made = []
    for run, result in zip(plan.runs, results, strict=True):
        path = files.get(result.identity)
        if path is None:
            raise StorageError(f"the files of a run are no longer below {place.out / RUNS}: {result.system}")
        samples = tuple(_observed(result, path.parent, metric))
        made.append(MadeRun(run, result, path.relative_to(place.out).as_posix(), samples))
    return tuple(made)


def _request(study: Study, condition: Condition, seed: int, around: Around, place: Place) -> AgentRequest:
    base = study.base
    agent, llms, model = base.agent, dict(base.llm), base.model
    switches = dict(base.set)
    perturbations: list[Perturbation] = [Seed(seed)]
    for name in sorted(condition.levels, key=_first_the_agent):
        level = condition.levels[name]
        try:
            here = Around(around.kind, agent, around.prompts, around.paraphrases)
            change = find_factor(name).change(level, here)
            agent, model = change.agent or agent, change.model or model
            _check_agent(agent, change.switches, name)
        except EvalHarnessError as error:
            raise DataError(
                f"level '{level}': {error}", file=f"study '{study.name}'", field=f"factors.{name}"
            ) from error
        llms |= {} if change.llm is None else {"main": change.llm}
        switches |= change.switches
        perturbations += change.perturbations
    return AgentRequest(
        base=Request(
            tasks=tuple(base.task),
            out=place.out / RUNS,
            access=place.access,
            protocol=base.protocol,
            switches=switches,
            limit=base.limit,
            metrics=() if study.metric is None else (study.metric,),
            runtime=Runtime(offline=place.access.offline, seed=base.seed, concurrency=place.concurrency),
        ),
        agent=agent,
        llms=llms,
        model=model,
        source=base.source,
        corpus=base.corpus,
        limits=Limits(tokens=base.token_limit, seconds=base.time_limit),
        max_failures=base.max_failures,
        judge=base.judge,
        perturbations=tuple(perturbations),
    )


def _first_the_agent(name: str) -> int:
    return list(FACTORS).index(name) if name in FACTORS else len(FACTORS)


def _check_agent(agent: str, switches: Mapping[str, str], factor: str) -> None:
    """Refuse an unknown agent, and options that an agent named by a level does not have."""
    known = option_names(agent_class(agent))
    if factor == "framework" and (unknown := [name for name in switches if name not in known]):
        raise UsageError(f"the agent '{agent}' has no option '{unknown[0]}'")


def _made(run: PlannedRun, plan: Plan, registry: Registry, told: Told) -> Result:
    """The result of a run. Samples that gave no answer are an outcome; only failures of something outside are none."""
    try:
        return solve(run.request, registry, told)[0]
    except TooManyFailuresError as error:
        result = error.results[0]
        share = _outside_failures(result)
        if share > plan.study.base.max_failures:
            raise OutsideError(
                f"{run.condition.label}, seed {run.seed}: {error}. What is solved is kept; the same command continues"
            ) from error
        told.warn(f"{run.condition.label}, seed {run.seed}: {error}. They count as not solved")
        return result


def _outside_failures(result: Result) -> float:
    """Share of samples that an error ended: an endpoint, a tool, or the agent itself failed."""
    reasons = [task.solved.stop_reasons for task in result.tasks.values() if task.solved is not None]
    return sum(one.get("error", 0) for one in reasons) / max(1, sum(sum(one.values()) for one in reasons))


def _files(folder: Path) -> dict[str, Path]:
    """The result files below a folder, by identity."""
    found = {}
    for path in sorted(folder.rglob(RESULT_FILE)):
        if not any(part.endswith(".partial") for part in path.relative_to(folder).parts):
            found[read_result(path).identity] = path
    return found


def _observed(result: Result, folder: Path, metric: str) -> Iterator[Observed]:
    for name, task in result.tasks.items():
        if task.solved is None:
            raise DataError("the result does not say where its samples are", file=folder, field="solved")
        records: Iterator[dict[str, Any]] = read_samples(folder / task.solved.samples_file)
        for record in records:
            yield observe(name, record, metric)
