"""What one suite and one agent come to: tasks, settings, folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolbench_eval import __version__
from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.catalogue import agent_class, roles_of, searches
from toolbench_eval.agents.options import build, option_names, setting_of
from toolbench_eval.agents.session import MAIN
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.evaluation.modelled import requested_model
from toolbench_eval.evaluation.parts import weights_key
from toolbench_eval.evaluation.provenance import versions
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.solving.kinds import (
    NAME_OPTIONS,
    TASK_OPTIONS,
    default_options,
    load_works,
    name_options,
)
from toolbench_eval.evaluation.solving.perturbed import perturbed_work, recorded
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.searching import SharedModel
from toolbench_eval.evaluation.solving.tools.simulation import SIMULATOR, simulated, simulator_setting
from toolbench_eval.evaluation.solving.tools.teval import SIMILARITY
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.evaluation.workplace import Workplace
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.load import load_llm
from toolbench_eval.registry import Registry
from toolbench_eval.results.store import slug, work_key
from toolbench_eval.retrievers.model import Model
from toolbench_eval.selection import Selection
from toolbench_eval.suites import TaskRow
from toolbench_eval.switches import SWITCHES, check_switch

NO_MODEL = "none"
"""Stands in a result for the retriever of an agent that was given none."""
DEFAULT_MODEL = "bm25"
"""What an agent that searches passages searches with, unless the user names another."""


@dataclass(frozen=True)
class Team:
    """An agent with its models.

    Attributes:
        agent: The agent, its options set.
        llms: Language models by role.
        model: The retriever, None for none.
        judge: The language model that judges answers, None for none.
        simulator: The language model that makes up replies of tools, None for none.
    """

    agent: Agent
    llms: Mapping[str, CachedLLM]
    model: Model | None
    judge: CachedLLM | None
    simulator: CachedLLM | None = None

    @property
    def searched(self) -> Model | None:
        """The retriever itself, which agents share."""
        return self.model.model if isinstance(self.model, SharedModel) else self.model

    @property
    def setting(self) -> dict[str, Any]:
        """What a result records: all of it may differ between the systems that are compared."""
        llms = {role: {"name": llm.name, **_told(llm)} for role, llm in self.llms.items()}
        return {
            "agent": setting_of(self.agent),
            "llms": llms,
            "retriever": None if self.model is None else self.model.setting,
        }


@dataclass(frozen=True)
class SolvePlan:
    """One result to make.

    Attributes:
        selection: Suite and tasks.
        works: The tasks that have data.
        missing: Names of those that have none.
        team: The agent and its models.
        task_setting: What must match for two results to be comparable.
        workplace: Where the result is made.
    """

    selection: Selection
    works: tuple[Work, ...]
    missing: tuple[str, ...]
    team: Team
    task_setting: dict[str, Any]
    workplace: Workplace


def make_plan(selection: Selection, request: AgentRequest, registry: Registry, reporter: Reporter) -> SolvePlan:
    """Look up agent and models, load the tasks.

    Raises:
        UsageError: A name or an option is unknown, or the suite is not for agents.
        MissingDataError: A task has no data and the request does not allow that.
    """
    kind = selection.suite.spec.kind
    if kind == "retrieval":
        advice = "evaluate a retriever on it with --model"
        raise UsageError(f"'{selection.suite.name}' is a retrieval suite, not one for agents: {advice}")
    _check_source(selection, request)
    request = _with_retriever(request, kind)
    for_task, for_agent, for_model = _divided(request, kind)
    options = _task_options(kind, for_task, retriever=request.model is not None)
    options |= _names(kind, for_task, selection.rows)
    team = _team(selection, request, registry, reporter, for_agent, for_model)
    works, missing = load_works(selection, request, registry, reporter, options, team.model, team.judge)
    if team.simulator is not None:
        works = tuple(simulated(work, team.simulator) for work in works)
    works = tuple(perturbed_work(work, request.perturbations) for work in works)
    setting = {
        "protocol": request.base.protocol,
        "limit": request.base.limit,
        "seed": request.base.runtime.seed,
        **options,
        **_compared_by(works),
        **({} if team.judge is None else {"judge": team.judge.name}),
        **({} if team.simulator is None else {SIMULATOR: simulator_setting(team.simulator)}),
        **{name: value for name, value in _bounds(request).items() if value is not None},
        **recorded(request.perturbations),
    }
    described: dict[str, Any] = {
        "suite": [selection.suite.name, selection.suite.spec.version],
        "tasks": {work.row.task: [work.fingerprint, work.corpus_fingerprint, *work.measures] for work in works},
        "missing": missing,
        "model": [_model_name(team), team.setting],
        **({} if team.searched is None else weights_key(team.searched)),
        **_judge_key(team.judge),
        "setting": setting,
        "versions": {**versions(), "toolbench-eval": __version__},
    }
    system = slug("-".join([team.agent.name, team.llms["main"].name, _model_name(team)]))
    folder = request.base.out / slug(selection.suite.name) / system / work_key(described)
    return SolvePlan(selection, works, missing, team, setting, Workplace(folder))


def _with_retriever(request: AgentRequest, kind: str) -> AgentRequest:
    """The request with the default retriever, if the user names none for an agent that searches passages."""
    agent = agent_class(request.agent) if isinstance(request.agent, str) else type(request.agent)
    if kind == "question-answering" and request.model is None and searches(agent):
        return replace(request, model=DEFAULT_MODEL)
    return request


def _model_name(team: Team) -> str:
    return NO_MODEL if team.model is None else team.model.name


def _divided(request: AgentRequest, kind: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """The user's `--set` values by whom they are for: the task, the agent, the retriever."""
    options = option_names(agent_class(request.agent)) if isinstance(request.agent, str) else ()
    for_task, for_agent, for_model = {}, {}, {}
    for name, value in request.base.switches.items():
        if name in TASK_OPTIONS[kind] or name in NAME_OPTIONS[kind]:
            for_task[name] = value
        elif name in options:
            for_agent[name] = value
        elif name in SWITCHES and request.model is not None:
            check_switch(name, value)
            for_model[name] = value
        else:
            known = [
                *TASK_OPTIONS[kind],
                *NAME_OPTIONS[kind],
                *options,
                *(SWITCHES if request.model is not None else ()),
            ]
            hint = f"See 'agents show {request.agent}'." if isinstance(request.agent, str) else ""
            raise UnknownNameError("option", name, known, hint)
    return for_task, for_agent, for_model


def _task_options(kind: str, given: Mapping[str, str], *, retriever: bool) -> dict[str, str]:
    found, defaults = {}, default_options(kind, retriever=retriever)
    for name, choices in TASK_OPTIONS[kind].items():
        value = given.get(name, defaults[name])
        if value not in choices:
            raise UsageError(f"'{name}' takes one of {', '.join(choices)}; found '{value}'")
        found[name] = value
    return found


def _names(kind: str, given: Mapping[str, str], rows: Sequence[TaskRow]) -> dict[str, str]:
    """The options that take a name, for tasks that need them."""
    needed = name_options(kind, rows)
    for name in NAME_OPTIONS[kind]:
        if name in given and name not in needed:
            raise UsageError(f"'{name}' is for tasks that compare texts, and none of these does")
    return {name: given.get(name, default) for name, default in needed.items()}


def _compared_by(works: Sequence[Work]) -> dict[str, Any]:
    """The model that texts are compared by, with its weights, where it is one."""
    found = next(filter(None, (getattr(work, SIMILARITY, None) for work in works)), None)
    return {} if found is None else {SIMILARITY: dict(found.setting)}


def _team(
    selection: Selection,
    request: AgentRequest,
    registry: Registry,
    reporter: Reporter,
    for_agent: dict[str, str],
    for_model: dict[str, str],
) -> Team:
    base = request.base
    agent = request.agent
    if isinstance(agent, str):
        agent = build(agent_class(agent), base.protocol, for_agent)
    _check_roles(agent, request)
    runtime = replace(base.runtime, offline=base.access.offline, track=reporter.track)
    llms = {role: load_llm(name, runtime=runtime) for role, name in request.llms.items()}
    simulator = llms.pop(SIMULATOR, None)
    judge = None if request.judge is None else load_llm(request.judge, runtime=runtime)
    _check_prices(request, llms)
    model = None
    if request.model is not None:
        asked = replace(base, switches=for_model)
        model = SharedModel(requested_model(request.model, selection.suite, asked, registry, reporter))
    return Team(agent, llms, model, judge, simulator)


def _check_source(selection: Selection, request: AgentRequest) -> None:
    """Refuse one file of records for several tasks; for tool use it may be a folder that holds those of all."""
    if request.source is not None and request.source.is_file() and len(selection.rows) > 1:
        example = f"--task {selection.suite.name}/{selection.rows[0].task}"
        raise UsageError(f"--source is one task's records: name the task that it is for, e.g. {example}")


def _check_roles(agent: Agent, request: AgentRequest) -> None:
    """Refuse a model for a role that the agent says it does not have: it would never be asked."""
    roles = roles_of(type(agent))
    for role in request.llms:
        if roles is not None and role not in (MAIN, SIMULATOR, *roles):
            raise UnknownNameError(f"role of the agent {agent.name}", role, roles)


def _check_prices(request: AgentRequest, llms: Mapping[str, CachedLLM]) -> None:
    """Refuse a cost limit that could not be kept."""
    unknown = [llm.name for llm in llms.values() if llm.meter.price is None]
    if unknown and (request.limits.dollars is not None or request.run_dollars is not None):
        advice = "use --token-limit or --run-token-limit"
        raise UsageError(f"no price is known for {unknown[0]}, so that a cost limit cannot be kept: {advice}")


def _bounds(request: AgentRequest) -> dict[str, float | None]:
    """Limits that a user set: a tighter budget makes another result."""
    limits = request.limits
    return {
        "token_limit": limits.tokens,
        "cost_limit": limits.dollars,
        "time_limit": limits.seconds,
        "run_token_limit": request.run_tokens,
        "run_cost_limit": request.run_dollars,
    }


def _judge_key(judge: CachedLLM | None) -> dict[str, str]:
    """What tells a judge's weights from others of the same name, where it runs in this process."""
    weights = None if judge is None else judge.weights
    return {} if weights is None else {"judge_weights": weights.identity}


def _told(llm: CachedLLM) -> dict[str, Any]:
    """What decides a model's answers, without the address that it is reached at."""
    return {key: value for key, value in llm.identity.items() if key != "endpoint"}
