"""The request that made a stored result of an agent, to be given again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.options import build, restore, setting_of
from toolbench_eval.agents.session import MAIN, Limits
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.kinds import NAME_OPTIONS, default_options
from toolbench_eval.evaluation.solving.plan import NO_MODEL
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.evaluation.solving.tools.simulation import SIMULATOR
from toolbench_eval.results.schema import Result
from toolbench_eval.suites import Suite

LOCAL = ("scripted", "hf")
"""Providers whose models give the same reply to the same prompt."""

ModelSwitches = Callable[[Mapping[str, Any]], dict[str, str]]
"""Gives the switches of the retriever that differ from its usual ones."""


def stored_agent_request(
    stored: Result, suite: Suite, base: Request, switches_of: ModelSwitches, path: Path
) -> AgentRequest:
    """The request that made a result.

    Args:
        stored: The result.
        suite: Its suite.
        base: Where the new result goes, and where data may come from.
        switches_of: Gives what the retriever's setting sets.
        path: The result's file.

    Raises:
        UsageError: A hosted model was asked, a study changed something, or the agent is another one by now.
        DataError: A setting of the result is not one that can be asked for.
    """
    try:
        request = _request(stored, suite, base, switches_of)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"a setting of the result cannot be asked for: {error}", file=path) from None
    _refuse_hosted(request, suite, path)
    return request


def agent_command(request: AgentRequest, suite: Suite) -> str:
    """The command line of a request."""
    base, limits = request.base, request.limits
    words = ["evalharness", "run", *(word for task in base.tasks for word in ("--task", task))]
    words += ["--agent", str(request.agent)]
    for role, name in request.llms.items():
        words += ["--llm", name if role == MAIN else f"{role}={name}"]
    words += ["--model", request.model] if request.model is not None else []
    words += ["--judge", request.judge] if request.judge is not None else []
    words += ["--protocol", base.protocol] if base.protocol != "default" else []
    words += [word for name, value in base.switches.items() for word in ("--set", f"{name}={value}")]
    bounds = {
        "--limit": base.limit,
        "--seed": base.runtime.seed or None,
        "--token-limit": limits.tokens,
        "--cost-limit": limits.dollars,
        "--time-limit": limits.seconds,
        "--run-token-limit": request.run_tokens,
        "--run-cost-limit": request.run_dollars,
    }
    words += [word for option, number in bounds.items() if number is not None for word in (option, str(number))]
    words += ["--metrics", " ".join(base.metrics)] if base.metrics else []
    words += ["--allow-missing"] if base.allow_missing else []
    return shlex.join(words)


def _request(stored: Result, suite: Suite, base: Request, switches_of: ModelSwitches) -> AgentRequest:
    setting, told = stored.task_setting, stored.model_setting
    if "perturbations" in setting:
        raise UsageError("the result is one of a study, which changed something: 'evalharness study' runs it again")
    whole = {f"{suite.name}/{row.task}" for row in suite.rows} == stored.tasks.keys() | set(stored.missing)
    model = None if stored.model == NO_MODEL else stored.model
    switches = {**_task_switches(stored), **_agent_switches(stored)}
    switches |= switches_of(told["retriever"]) if model is not None else {}
    asked = replace(
        base,
        tasks=(suite.name,) if whole else tuple(stored.tasks),
        protocol=setting["protocol"],
        limit=setting["limit"],
        switches=switches,
        metrics=tuple(_own_measures(stored, suite)),
        allow_missing=bool(stored.missing),
        runtime=replace(base.runtime, seed=setting["seed"]),
    )
    llms = {role: llm["name"] for role, llm in told["llms"].items()}
    llms |= {SIMULATOR: setting[SIMULATOR]["name"]} if SIMULATOR in setting else {}
    return AgentRequest(
        asked,
        str(stored.agent),
        llms,
        model,
        limits=Limits(setting.get("token_limit"), setting.get("cost_limit"), setting.get("time_limit")),
        run_tokens=setting.get("run_token_limit"),
        run_dollars=setting.get("run_cost_limit"),
        max_failures=1.0,  # what failed then may fail again
        judge=setting.get("judge"),
    )


def _task_switches(stored: Result) -> dict[str, str]:
    """Options of the task that are not the default."""
    usual = default_options(stored.kind, retriever=stored.model != NO_MODEL)
    found = {name: str(stored.task_setting[name]) for name in usual if stored.task_setting[name] != usual[name]}
    for name, default in NAME_OPTIONS[stored.kind].items():
        given = stored.task_setting.get(name, default)
        given = given["name"] if isinstance(given, Mapping) else given
        found |= {name: given} if given != default else {}
    return found


def _agent_switches(stored: Result) -> dict[str, str]:
    """Options of the agent that its protocol does not set.

    Raises:
        UsageError: Its options or its prompts are not those of today's code.
    """
    kind, setting = agent_class(str(stored.agent)), stored.model_setting["agent"]
    restore(kind, setting)
    usual = setting_of(build(kind, stored.task_setting["protocol"]))["options"]
    return {name: _text(value) for name, value in setting["options"].items() if value != usual.get(name)}


def _text(value: Any) -> str:
    """A value as `--set` takes it."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _own_measures(stored: Result, suite: Suite) -> Iterator[str]:
    """Measures that a user asked for: those of retrieval, at a depth that the suite does not ask for."""
    scores = next(iter(stored.tasks.values())).scores if stored.tasks else {}
    return (name for name in scores if "@" in name and name not in suite.spec.metrics)


def _refuse_hosted(request: AgentRequest, suite: Suite, path: Path) -> None:
    names = [*request.llms.values(), *([] if request.judge is None else [request.judge])]
    hosted = [name for name in names if name.partition("/")[0] not in LOCAL]
    if hosted:
        raise UsageError(
            f"'{hosted[0]}' is a hosted model: it answers otherwise from day to day, so that running again proves "
            f"nothing. 'evalharness trajectories replay {path.parent}' shows, where the whole result is, that the "
            "answers came out of the replies. To ask the model again and compare:\n  "
            f"{agent_command(request, suite)}\n  evalharness compare {path.parent} results/..."
        )
