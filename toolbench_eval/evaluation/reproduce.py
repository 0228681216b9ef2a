"""Running the setting of a stored result again, and saying where the two differ."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.evaluation.pipeline import run
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.pipeline import solve
from toolbench_eval.evaluation.solving.reproduce import agent_command, stored_agent_request
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.registry import Registry
from toolbench_eval.results.schema import Result, TaskResult
from toolbench_eval.results.store import read_result
from toolbench_eval.retrievers.load import load_model
from toolbench_eval.suites import Protocol, Suite
from toolbench_eval.switches import ModelSwitches, TaskSwitches, changed_choices

Verdict = Literal["same", "within tolerance", "different"]

EXACT = 1e-9
"""What sums may differ by that are added in another order."""


@dataclass(frozen=True)
class TaskDifference:
    """One task of both results.

    Attributes:
        task: Its name.
        verdict: Same: same rankings or trajectories, and scores. Within tolerance: the headline's measure is.
        stored: Its score in the stored result.
        again: Its score now.
        where: What differs, in words; empty if nothing.
    """

    task: str
    verdict: Verdict
    stored: float
    again: float
    where: str


@dataclass(frozen=True)
class Reproduction:
    """What running again came to.

    Attributes:
        stored: The stored result.
        again: The new one.
        command: The command line that does the same.
        settings: Recorded settings that differ, in words.
        tasks: The tasks.
    """

    stored: Result
    again: Result
    command: str
    settings: tuple[str, ...]
    tasks: tuple[TaskDifference, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the tasks; a task setting that differs makes the results different."""
        if any(text.startswith("task_setting") for text in self.settings):
            return "different"
        verdicts = {task.verdict for task in self.tasks}
        return next((verdict for verdict in ("different", "within tolerance") if verdict in verdicts), "same")


def reproduce(
    path: Path, request: Request, registry: Registry, reporter: Reporter, tolerance: float = 0.001
) -> Reproduction:
    """Run a stored result's setting again and compare.

    Args:
        path: The result file, also that of a board's entry.
        request: Where results go, where data may come from, device; what decides scores comes from the result.
        registry: Where names are looked up.
        reporter: Who is told of progress.
        tolerance: Largest difference of a task's headline measure that is no difference.

    Raises:
        EvalHarnessError: The stored result cannot be read, its suite, model or data are not at hand, or a hosted
            model was asked.
    """
    stored = read_result(path)
    suite = registry.suite(stored.suite)
    if suite.spec.version != stored.suite_version:
        raise UsageError(
            f"the result is of version {stored.suite_version} of '{suite.name}', and the suite at hand has version "
            f"{suite.spec.version}: scores of the two do not compare"
        )
    results, command = _run_again(stored, suite, request, registry, reporter, path)
    again = next(result for result in results if result.suite == stored.suite)
    differences = tuple(_compared(stored, again, tolerance))
    return Reproduction(stored, again, command, tuple(_unlike_settings(stored, again)), differences)


def _run_again(
    stored: Result, suite: Suite, request: Request, registry: Registry, reporter: Reporter, path: Path
) -> tuple[list[Result], str]:
    """New results, and the command that makes them."""
    if stored.agent is None:
        asked = stored_request(stored, suite, request, registry, path)
        return run(asked, stored.model, registry, reporter), command_of(asked, stored.model, suite)

    def switches_of(setting: Mapping[str, Any]) -> dict[str, str]:
        protocol = stored.task_setting["protocol"]
        made = load_model(stored.model, registry, protocol=protocol, suite=suite, runtime=request.runtime)
        usual = _model_switches(made.setting)
        unusual = {name: value for name, value in _model_switches(setting).items() if usual.get(name) != value}
        return unusual | changed_choices(setting, made.setting)

    of_agent = stored_agent_request(stored, suite, request, switches_of, path)
    return solve(of_agent, registry, reporter), agent_command(of_agent, suite)


def stored_request(stored: Result, suite: Suite, request: Request, registry: Registry, path: Path) -> Request:
    """The request that made a result.

    Raises:
        DataError: A setting of the result is not one that can be asked for.
    """
    setting = stored.task_setting
    whole = {f"{suite.name}/{row.task}" for row in suite.rows} == stored.tasks.keys() | set(stored.missing)
    try:
        asked = replace(
            request,
            tasks=(suite.name,) if whole else tuple(stored.tasks),
            instruction=setting["instruction"],
            protocol=setting["protocol"],
            k=None if setting["k"] == suite.spec.depth else setting["k"],
            limit=setting["limit"],
            allow_missing=bool(stored.missing),
            metrics=_own_measures(stored, suite),
            runtime=replace(request.runtime, seed=setting["seed"]),
        )
        task_switches = TaskSwitches.model_validate({name: setting[name] for name in TaskSwitches.model_fields})
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"a setting of the result cannot be asked for: {error}", file=path) from None
    made = load_model(stored.model, registry, protocol=asked.protocol, suite=suite, runtime=asked.runtime)
    recorded = {**task_switches.model_dump(), **_model_switches(stored.model_setting)}
    usual = {**_usual_task_switches(suite, asked.protocol), **_model_switches(made.setting)}
    switches = {name: value for name, value in recorded.items() if usual.get(name) != value}
    switches |= changed_choices(stored.model_setting, made.setting)
    dtype = stored.model_setting.get("dtype")
    runtime = asked.runtime if made.setting.get("dtype") == dtype else replace(asked.runtime, dtype=dtype)
    depth = stored.model_setting.get("depth")
    return replace(
        asked, switches=switches, runtime=runtime, depth=None if depth == made.setting.get("depth") else depth
    )


def command_of(request: Request, model: str, suite: Suite) -> str:
    """The command line of a request."""
    words = ["evalharness", "run", *(word for task in request.tasks for word in ("--task", task)), "--model", model]
    words += ["--instruction", str(request.instruction)] if suite.spec.instruction != request.instruction else []
    words += ["--protocol", request.protocol] if request.protocol != "default" else []
    words += [word for name, value in request.switches.items() for word in ("--set", f"{name}={value}")]
    for option, number in (
        ("--k", request.k),
        ("--limit", request.limit),
        ("--depth", request.depth),
        ("--seed", request.runtime.seed or None),
    ):
        words += [option, str(number)] if number is not None else []
    words += ["--dtype", request.runtime.dtype] if request.runtime.dtype else []
    words += ["--metrics", " ".join(request.metrics)] if request.metrics else []
    words += ["--allow-missing"] if request.allow_missing else []
    return shlex.join(words)


def _own_measures(stored: Result, suite: Suite) -> tuple[str, ...]:
    usual = {str(parse_measure(name)) for name in suite.spec.metrics}
    there = next(iter(stored.tasks.values())).scores if stored.tasks else {}
    return tuple(name for name in there if name not in usual)


def _model_switches(setting: Mapping[str, Any]) -> dict[str, str]:
    """Switches that all stages of a model were given alike; what differs between them comes from their cards."""
    values: dict[str, set[str]] = {}
    stack: list[Any] = [setting]
    while stack:
        part = stack.pop()
        if isinstance(part, Mapping):
            for name in ModelSwitches.model_fields.keys() & part.keys():
                values.setdefault(name, set()).add(str(part[name]))
            stack += part.values()
        elif isinstance(part, list):
            stack += part
    return {name: found.pop() for name, found in sorted(values.items()) if len(found) == 1}


def _usual_task_switches(suite: Suite, protocol: Protocol) -> dict[str, str]:
    """What the switches are where nobody sets them."""
    declared = suite.switch_defaults(protocol)
    return {name: declared.get(name, str(field.default)) for name, field in TaskSwitches.model_fields.items()}


def _unlike_settings(stored: Result, again: Result) -> Iterator[str]:
    for part in ("task_setting", "model_setting"):
        old, new = getattr(stored, part), getattr(again, part)
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield f"{part}.{name}: {str(old.get(name))[:60]} -> {str(new.get(name))[:60]}"
    if stored.model_revision != again.model_revision:
        yield f"model_revision: {stored.model_revision} -> {again.model_revision}"


def _compared(stored: Result, again: Result, tolerance: float) -> Iterator[TaskDifference]:
    metric = stored.headline.metric
    for name in dict.fromkeys([*stored.tasks, *again.tasks]):
        old, new = stored.tasks.get(name), again.tasks.get(name)
        if old is None or new is None:
            there = old or new
            score = there.scores[metric] if there is not None else 0.0
            yield TaskDifference(name, "different", score, score, "only in one of the results")
            continue
        before, after = old.scores[metric], new.scores[metric]
        where = _where(old, new)
        verdict: Verdict = "same"
        if where:
            close = abs(before - after) <= tolerance and not where.startswith("other")
            verdict = "within tolerance" if close else "different"
        yield TaskDifference(name, verdict, before, after, where)


def _where(old: TaskResult, new: TaskResult) -> str:
    """What differs: data first, since it explains the rest."""
    for field in ("corpus_fingerprint", "queries_fingerprint", "qrels_fingerprint"):
        if getattr(old, field) != getattr(new, field):
            return f"other {field.removesuffix('_fingerprint')}"
    scores = {name: new.scores[name] - value for name, value in old.scores.items() if name in new.scores}
    moved = {name: delta for name, delta in scores.items() if abs(delta) > EXACT}
    if moved:
        most = max(moved, key=lambda name: abs(moved[name]))
        return f"{len(moved)} of {len(scores)} measures, most {most} {moved[most]:+.4f}"
    if old.run_digest != new.run_digest:
        return "rankings, but no score"
    solved = [None if one.solved is None else one.solved.samples_digest for one in (old, new)]
    return "trajectories, but no score" if solved[0] != solved[1] else ""
