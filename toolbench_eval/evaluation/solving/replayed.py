"""Replaying all trajectories of a stored result, and scoring them again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.options import restore as restored_agent
from toolbench_eval.agents.trajectory import Trajectory, from_json
from toolbench_eval.data.questions import Sample
from toolbench_eval.data.sources import Access
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.errors import DataError, GateError, MissingDataError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.solving.as_then import Restore, Then, restored
from toolbench_eval.evaluation.solving.perturbed import perturbed_agent
from toolbench_eval.evaluation.solving.questions import QuestionWork
from toolbench_eval.evaluation.solving.replay import ReplayError, replay
from toolbench_eval.evaluation.solving.tools.success import Seen
from toolbench_eval.evaluation.solving.tools.teval import read_likeness
from toolbench_eval.evaluation.solving.tools.work import ToolWork
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.registry import Registry
from toolbench_eval.results.samples import ContentDigest, read_samples
from toolbench_eval.results.schema import TaskResult
from toolbench_eval.results.store import read_result

SHOWN = 10
"""Differences that an error lists."""
CLOSE = 1e-9
"""Scores that differ by less are the same: another machine may add in another order."""

KEYS = {"trajectory", "scores"}
TOOL_KEYS = {*KEYS, "offered", "state", "verdict"}
"""What the records of samples must have."""

Record = Mapping[str, Any]


@dataclass
class Replayed:
    """How many trajectories came out the same, how many could not be replayed, and what the others differ in."""

    same: int = 0
    skipped: int = 0
    different: list[str] = field(default_factory=list)

    def add(self, agent: Agent, work: Work, sample: Sample, then: Trajectory, record: Record, seed: int) -> None:
        """Replay the trajectory of a sample, and score what comes of it."""
        if then.stop_reason in {"error", "budget"}:
            self.skipped += 1
            return
        try:
            again = _replayed(agent, work, sample, then, record, seed)
            _compare_scores(work, again, record)
            self.same += 1
        except ReplayError as error:
            self.different.append(str(error))


def replay_result(
    path: Path,
    registry: Registry,
    access: Access,
    reporter: Reporter,
    *,
    agent: str | None = None,
    sample: str | None = None,
    source: Path | None = None,
    corpus: Path | None = None,
    restore: Restore | None = None,
) -> Replayed:
    """Replay the trajectories beside a result file.

    Args:
        path: The result file.
        registry: Where names are looked up.
        access: Where data may come from.
        reporter: Who is told of progress.
        agent: `package.module:Class` of an agent of one's own; None for the name that the result has.
        sample: Replay this sample only.
        source: The task's records, as they were given with `--source`.
        corpus: The task's corpus or tools, as they were given with `--corpus`.
        restore: Makes perturbations from what a result records of them.

    Raises:
        GateError: Some came out differently, or are not those that the result was computed from; the first are listed.
        DataError: The data at hand are not those of the result, or it has no such sample.
        UsageError: It is no result of an agent, or its prompts are of another version.
    """
    result = read_result(path)
    if result.agent is None:
        raise UsageError(f"only runs of agents can be replayed, this is a result of the kind '{result.kind}'")
    then = Then(result, path.parent, restored(result, restore), registry, access, source, corpus)
    solver = restored_agent(_class(agent, result.agent), result.model_setting["agent"])
    solver = perturbed_agent(solver, then.perturbations)
    if "judge" in result.task_setting:
        reporter.note(f"verdicts are those that {result.task_setting['judge']} gave then")
    found = Replayed()
    for work, stored in then.works(reporter):
        _replay_task(solver, work, stored, path.parent, found, sample=sample, seed=result.task_setting["seed"])
    total = found.same + found.skipped + len(found.different)
    if not total:
        raise MissingDataError(f"no sample '{sample}' here", file=path)
    if found.different:
        shown = "".join(f"\n  {text}" for text in found.different[:SHOWN])
        raise GateError(f"{len(found.different)} of {total - found.skipped} trajectories came out differently:{shown}")
    return found


def _class(named: str | None, recorded: str) -> type[Agent]:
    """The class of the agent.

    Raises:
        UsageError: What the user names is another agent.
    """
    found = agent_class(named or recorded)
    if found.name != recorded:
        raise UsageError(f"the result is one of the agent '{recorded}', and {named} is '{found.name}'")
    return found


def _replay_task(
    agent: Agent, work: Work, stored: TaskResult, folder: Path, found: Replayed, *, sample: str | None, seed: int
) -> None:
    if stored.solved is None:
        raise DataError("the result does not say where its samples are", file=folder, field="solved")
    file, digest = folder / stored.solved.samples_file, ContentDigest()
    samples, keys = {one.id: one for one in work.samples}, TOOL_KEYS if isinstance(work, ToolWork) else KEYS
    for number, record in enumerate(read_samples(file), start=1):
        if lacking := keys - record.keys():
            raise DataError(f"not a sample: it lacks {', '.join(sorted(lacking))}", file=file, row=number)
        then = from_json(record["trajectory"])
        if then.sample not in samples:
            raise DataError(f"the task has no sample '{then.sample}'", file=file, row=number)
        digest.add(then.canonical())
        if sample in (None, then.sample):
            found.add(agent, work, samples[then.sample], then, record, seed)
    if not found.different and digest.value != stored.solved.samples_digest:
        raise GateError(f"{file}: these are not the trajectories that the result was computed from")


def _replayed(agent: Agent, work: Work, sample: Sample, then: Trajectory, record: Record, seed: int) -> Trajectory:
    """The trajectory of today; its request is the one that was put to the agent, in whatever words."""
    given = replace(sample, text=record.get("request", sample.text))
    if isinstance(work, QuestionWork):
        return replay(agent, given, then, partial(work.passages, work.questions[then.sample]), seed=seed)
    specs = work.offered(then.sample) if isinstance(work, ToolWork) else ()
    _compare_offers(then, specs, record)
    return replay(agent, given, then, lambda ids: (), specs=specs, seed=seed)


def _compare_offers(then: Trajectory, specs: tuple[ToolSpec, ...], record: Record) -> None:
    now, before = [tool.name for tool in specs], [tool["name"] for tool in record["offered"]]
    if now != before:
        raise ReplayError(f"sample '{then.sample}': the tools on offer are {now}, the trajectory has {before}")


def _compare_scores(work: Work, again: Trajectory, record: Record) -> None:
    """Compare the measures that need no judge, and those that follow from what the judge said then."""
    now, before = _scores(work, again, record), record["scores"]
    other = [name for name in now if name in before and not math.isclose(now[name], before[name], abs_tol=CLOSE)]
    if other:
        listed = ", ".join(f"{name} {now[name]:g} (then {before[name]:g})" for name in other)
        raise ReplayError(f"sample '{again.sample}': the steps are the same, the scores are not: {listed}")


def _scores(work: Work, again: Trajectory, record: Record) -> Mapping[str, float]:
    if not isinstance(work, ToolWork):
        return work.score(again)
    # What services or models answered cannot be had again by making the calls once more.
    executed = all(call.source == "local" for call in again.tool_calls)
    state = work.state_after(again) if executed else record["state"]
    seen = Seen(work.offered(again.sample), state, record["verdict"], read_likeness(record))
    return work.scorer.score(work.problems[again.sample], again, seen)
