"""What an agent's result says about itself, beside its scores: a setting that exists, models that were named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from toolbench_eval.evaluation.solving.kinds import NAME_OPTIONS, TASK_OPTIONS
from toolbench_eval.evaluation.solving.tools.simulation import SIMULATOR
from toolbench_eval.leaderboard.findings import Finding, fault
from toolbench_eval.leaderboard.limits import MEASURES, is_whole
from toolbench_eval.metrics.of_samples import of_samples
from toolbench_eval.results.schema import Result
from toolbench_eval.suites import SuiteDeclaration

ALWAYS = ("protocol", "limit", "seed")
BOUNDS = ("token_limit", "cost_limit", "time_limit", "run_token_limit", "run_cost_limit")
SOMETIMES = ("judge", SIMULATOR, *BOUNDS)
"""Settings that only some results have. There is none for perturbations: a board is no study."""


def check_agent_setting(entry: str, result: Result) -> Iterator[Finding]:
    """A task setting that an agent can be run in, on whole tasks as they are declared."""
    setting, options = result.task_setting, TASK_OPTIONS.get(result.kind, {})
    needed, known = {*ALWAYS, *options}, {*ALWAYS, *options, *SOMETIMES, *NAME_OPTIONS.get(result.kind, {})}
    for name in sorted((needed - setting.keys()) | (setting.keys() - known)):
        yield fault(entry, f"task_setting.{name}", "is missing" if name in needed else "no such setting on a board")
    if not is_whole(setting.get("seed"), 0, 2**63 - 1):
        yield fault(entry, "task_setting.seed", f"says {setting.get('seed')!r:.40}; must be a whole number")
    if setting.get("limit") is not None:
        yield fault(entry, "task_setting.limit", "a board takes no partial results")
    choices = {"protocol": ("default", "paper", "released"), **options}
    for name, values in choices.items():
        if setting.get(name) not in values:
            said = f"says {setting.get(name)!r:.40}; one of {', '.join(values)}"
            yield fault(entry, f"task_setting.{name}", said)


def check_agent_models(entry: str, result: Result) -> Iterator[Finding]:
    """The names of agent and language model are those of the model setting, where the samples are checked against."""
    agent, llms = result.model_setting.get("agent"), result.model_setting.get("llms")
    named = agent.get("name") if isinstance(agent, Mapping) else None
    if named != result.agent:
        yield fault(entry, "agent", f"says {result.agent!r:.60}; model_setting.agent.name is {named!r:.60}")
    main = llm_names(result).get("main")
    if main != result.llm:
        yield fault(entry, "llm", f"says {result.llm!r:.60}; model_setting.llms.main.name is {main!r:.60}")
    if not isinstance(llms, Mapping) or len(llm_names(result)) != len(llms):
        yield fault(entry, "model_setting.llms", "must name the language model of each role")


def check_agent_measures(entry: str, result: Result) -> Iterator[Finding]:
    """Measures of samples that exist; tasks without gold for one may lack it."""
    for task, values in result.tasks.items():
        if not 0 < len(values.scores) <= MEASURES:
            yield fault(entry, f"tasks.{task}.scores", f"{len(values.scores)} measures; 1 to {MEASURES} are taken")
        for name in values.scores:
            if not of_samples(name):
                yield fault(entry, f"tasks.{task}.scores", f"unknown measure {name!r:.60}")


def check_agent_declared(entry: str, result: Result, spec: SuiteDeclaration) -> Iterator[Finding]:
    """The measures that the suite asks for, where samples have the gold, and its headline."""
    for task, values in result.tasks.items():
        left_out = [] if values.solved is None else values.solved.left_out
        if lacking := sorted(set(spec.metrics) - values.scores.keys() - set(left_out)):
            yield fault(entry, f"tasks.{task}.scores", f"lacks measures of the suite: {', '.join(lacking)}")
    if result.headline.metric != spec.headline.metric:
        said = f"says '{result.headline.metric}'; the suite's is '{spec.headline.metric}'"
        yield fault(entry, "headline.metric", said)


def llm_names(result: Result) -> dict[str, str]:
    """Name of the language model of each role, as the model setting has it."""
    llms = result.model_setting.get("llms")
    if not isinstance(llms, Mapping):
        return {}
    named = {role: llm.get("name") for role, llm in llms.items() if isinstance(llm, Mapping)}
    return {role: name for role, name in named.items() if isinstance(name, str)}
