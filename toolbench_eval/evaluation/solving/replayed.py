"""Replaying all trajectories of a stored result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from toolbench_eval.agents.base import Agent
from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.options import restore
from toolbench_eval.agents.trajectory import Trajectory, from_json
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, GateError, MissingDataError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.kinds import TASK_OPTIONS, load_works
from toolbench_eval.evaluation.solving.questions import QuestionWork
from toolbench_eval.evaluation.solving.replay import ReplayError, replay
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.registry import Registry
from toolbench_eval.results.samples import read_samples
from toolbench_eval.results.schema import Result, TaskResult
from toolbench_eval.results.store import read_result
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.selection import select

SHOWN = 10
"""Differences that an error lists."""


@dataclass
class Replayed:
    """How many trajectories came out the same, how many could not be replayed, and what the others differ in."""

    same: int = 0
    skipped: int = 0
    different: list[str] = field(default_factory=list)

    def add(self, agent: Agent, work: QuestionWork, then: Trajectory, seed: int) -> None:
        """Replay one."""
        if then.stop_reason in {"error", "budget"}:
            self.skipped += 1
            return
        question = work.questions[then.sample]
        try:
            replay(agent, question.sample, then, partial(work.passages, question), seed=seed)
            self.same += 1
        except ReplayError as error:
            self.different.append(str(error))


def replay_result(
    path: Path,
    registry: Registry,
    access: Access,
    reporter: Reporter,
    *,
    sample: str | None = None,
    source: Path | None = None,
    corpus: Path | None = None,
) -> Replayed:
    """Replay the trajectories beside a result file.

    Raises:
        GateError: Some came out differently; the first ones are listed.
        DataError: The data at hand are not those of the result, or it has no such sample.
        UsageError: It is no result of an agent, or its prompts are of another version.
    """
    result = read_result(path)
    if result.kind != "question-answering" or result.agent is None:
        raise UsageError(f"only question answering can be replayed, this is a result of the kind '{result.kind}'")
    agent = restore(agent_class(result.agent), result.model_setting["agent"])
    seed = result.task_setting["seed"]
    found = Replayed()
    for work in _works(result, registry, access, reporter, source, corpus):
        stored = result.tasks[f"{result.suite}/{work.row.task}"]
        if work.fingerprint != stored.queries_fingerprint or work.corpus_fingerprint != stored.corpus_fingerprint:
            raise DataError("the data at hand are not those of the result", file=work.origin.location)
        for then in _trajectories(stored, path.parent):
            if sample in (None, then.sample):
                found.add(agent, work, then, seed)
    if sample is not None and not (found.same or found.skipped or found.different):
        raise MissingDataError(f"no sample '{sample}' here", file=path)
    if found.different:
        shown = "".join(f"\n  {text}" for text in found.different[:SHOWN])
        total = found.same + len(found.different)
        raise GateError(f"{len(found.different)} of {total} trajectories came out differently:{shown}")
    return found


def _works(
    result: Result, registry: Registry, access: Access, reporter: Reporter, source: Path | None, corpus: Path | None
) -> Iterator[QuestionWork]:
    """The tasks of a result, loaded as they were for it."""
    base = Request(tuple(result.tasks), access=access, limit=result.task_setting["limit"], runtime=Runtime())
    request = AgentRequest(base, str(result.agent), {"main": "scripted"}, source=source, corpus=corpus)
    options = {name: str(result.task_setting[name]) for name in TASK_OPTIONS[result.kind]}
    for selection in select(base.tasks, registry):
        works, _ = load_works(selection, request, registry, reporter, options, None, None)
        yield from (work for work in works if isinstance(work, QuestionWork))


def _trajectories(stored: TaskResult, folder: Path) -> Iterator[Trajectory]:
    if stored.solved is None:
        raise DataError("the result does not say where its samples are", file=folder, field="solved")
    for record in read_samples(folder / stored.solved.samples_file):
        yield from_json(record["trajectory"])
