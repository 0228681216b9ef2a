"""Replaying all trajectories of a stored result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.options import restore
from toolbench_eval.agents.trajectory import from_json
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, GateError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.request import Request
from toolbench_eval.evaluation.solving.kinds import load_works
from toolbench_eval.evaluation.solving.questions import QuestionWork
from toolbench_eval.evaluation.solving.replay import ReplayError, replay
from toolbench_eval.evaluation.solving.request import AgentRequest
from toolbench_eval.registry import Registry
from toolbench_eval.results.samples import read_samples
from toolbench_eval.results.store import read_result
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.selection import select


@dataclass(frozen=True)
class Replayed:
    """How many trajectories came out the same, and how many could not be replayed."""

    same: int
    skipped: int


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
        DataError: The data at hand are not those of the result.
        UsageError: It is no result of an agent, or its prompts are of another version.
    """
    result = read_result(path)
    if result.kind != "question-answering" or result.agent is None:
        raise UsageError(f"only question answering can be replayed, this is a result of the kind '{result.kind}'")
    setting = result.model_setting["agent"]
    agent = restore(agent_class(result.agent), setting)
    base = Request(tuple(result.tasks), access=access, limit=result.task_setting["limit"], runtime=Runtime())
    request = AgentRequest(base, result.agent, {"main": "scripted"}, source=source, corpus=corpus)
    options = {name: str(result.task_setting[name]) for name in ("retrieval", "profile")}
    same = skipped = 0
    different: list[str] = []
    for selection in select(base.tasks, registry):
        works, _ = load_works(selection, request, registry, reporter, options, None, None)
        for work in works:
            stored = result.tasks[f"{result.suite}/{work.row.task}"]
            if not isinstance(work, QuestionWork) or stored.solved is None:
                continue
            if work.fingerprint != stored.queries_fingerprint or work.corpus_fingerprint != stored.corpus_fingerprint:
                raise DataError("the data at hand are not those of the result", file=work.origin.location)
            for record in read_samples(path.parent / stored.solved.samples_file):
                then = from_json(record["trajectory"])
                if sample not in (None, then.sample):
                    continue
                if then.stop_reason in {"error", "budget"}:
                    skipped += 1
                    continue
                question = work.questions[then.sample]
                try:
                    replay(
                        agent,
                        question.sample,
                        then,
                        lambda ids, work=work, question=question: work.passages(question, ids),  # type: ignore[misc]
                        seed=result.task_setting["seed"],
                    )
                    same += 1
                except ReplayError as error:
                    different.append(str(error))
    if different:
        shown = "".join(f"\n  {text}" for text in different[:10])
        raise GateError(f"{len(different)} of {same + len(different)} trajectories came out differently:{shown}")
    return Replayed(same, skipped)
