"""The global pool of 360°REA: lessons from a stored run on training tasks, for runs on other tasks.

Source: Gao et al., Findings of ACL 2024 (arXiv 2404.05569). The tasks that a pool was made from are refused where it is
used (`rea360.experience`), so that no task is solved with lessons about itself.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from toolbench_eval.agents.rea360.agent import Rea360
from toolbench_eval.agents.rea360.experience import Experience, Pool, read_pool, write_pool
from toolbench_eval.agents.rea360.lessons import write_lessons
from toolbench_eval.agents.session import MAIN, Session
from toolbench_eval.agents.shared.parsing import folded
from toolbench_eval.agents.trajectory import from_json
from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import UnknownNameError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.evaluation.solving.tools import criteria, judging
from toolbench_eval.llms.load import load_llm
from toolbench_eval.metrics.answers import registry as of_answers
from toolbench_eval.metrics.tools import registry as of_tools
from toolbench_eval.registry import Registry
from toolbench_eval.results.samples import read_samples
from toolbench_eval.results.schema import Result
from toolbench_eval.results.store import read_result
from toolbench_eval.retrievers.base import Runtime

Record = Mapping[str, Any]


@dataclass(frozen=True)
class LessonRequest:
    """One `evalharness trajectories lessons`.

    Attributes:
        result: The result file of the run.
        llms: Names of language models by role.
        out: The pool; entries that are there stay.
        split: Name of the set of tasks that it is made from; None for the tasks' names and the digest of their data.
        limit: The first samples only, None for all.
        runtime: How models are executed, how many calls at a time, and the seed.
    """

    result: Path
    llms: Mapping[str, str]
    out: Path
    split: str | None = None
    limit: int | None = None
    runtime: Runtime = field(default_factory=Runtime)

    def __post_init__(self) -> None:
        """Refuse roles that nobody plays.

        Raises:
            UsageError: There is no main model, or a role that the agent does not have.
        """
        if MAIN not in self.llms:
            raise UsageError("lessons need a language model: --llm openai/<model>, hf/<folder>, scripted")
        for role in self.llms:
            if role not in (MAIN, *Rea360.roles):
                raise UnknownNameError("role of the agent rea360", role, Rea360.roles)


def make_pool(request: LessonRequest, registry: Registry, reporter: Reporter) -> dict[str, Any]:
    """Write the lessons of a run into a pool, sample by sample; those of samples that are in it are not written again.

    Returns:
        `split`, `entries` of the pool, and of the samples how many were `written`, already `there`, or `left_out`
        because the run came to no crew.

    Raises:
        UsageError: The run is none of rea360, or the pool is one of other tasks.
        EndpointError: A model did not answer; lessons that are written stay, and the same request continues.
        StorageError: The pool could not be written.
    """
    result = read_result(request.result)
    if result.agent != Rea360.name:
        raise UsageError(f"lessons are written after runs of rea360, this is one of {result.agent or result.model}")
    pool = _begun(request, result)
    rubric = _rubric(result, registry)
    records = list(islice(_records(result, request.result.parent), request.limit))
    known, found = {folded(entry.task) for entry in pool.entries}, Counter[str]()
    wanted = []
    for record in records:
        text = folded(_request(record))
        found["there"] += text in known
        found["left_out"] += text not in known and not _has_crew(record)
        if text not in known and _has_crew(record):
            wanted.append(record)
            known.add(text)
    llms = {role: load_llm(name, runtime=request.runtime) for role, name in request.llms.items()}

    def learn(record: Record) -> Experience:
        sample = Sample(record["trajectory"]["sample"], _request(record))
        session = Session(llms, seed=request.runtime.seed)
        return write_lessons(
            sample, from_json(record["trajectory"]), _judged(record, rubric), session, rubric=_told(rubric)
        )

    with (
        reporter.track(f"lessons of {result.suite}", len(wanted)) as advance,
        ThreadPoolExecutor(request.runtime.concurrency) as workers,
    ):
        for entry in workers.map(learn, wanted):  # in the order of the samples, each durable before the next
            pool = pool.add(entry)
            write_pool(request.out, pool)
            advance(1)
    reporter.note(f"written: {request.out}" if wanted else f"nothing to add to {request.out}")
    counts = {"written": len(wanted), "there": found["there"], "left_out": found["left_out"]}
    return {"split": pool.split, "entries": len(pool.entries), **counts}


def _begun(request: LessonRequest, result: Result) -> Pool:
    """The pool as it is, empty where there is none."""
    data = "/".join(task.queries_fingerprint for task in result.tasks.values())
    usual = f"{', '.join(result.tasks)} ({hashlib.sha256(data.encode()).hexdigest()[:8]})"
    if not request.out.exists():
        return Pool(request.split or usual)
    pool = read_pool(request.out)
    if pool.split != (request.split or usual):
        advice = f"name another file, or add to it with --split '{pool.split}'"
        raise UsageError(f"{request.out} holds experience with '{pool.split}', and this is another run: {advice}")
    return pool


def _records(result: Result, folder: Path) -> Iterator[Record]:
    for task in result.tasks.values():
        if task.solved is not None:
            yield from read_samples(folder / task.solved.samples_file)


def _request(record: Record) -> str:
    """The task as it was put to the crew."""
    text: str = record.get("request", record["gold"]["text"])
    return text


def _has_crew(record: Record) -> bool:
    done = record["trajectory"]
    noted = any(step["step"] == "note" and step["action"] == "crew" for step in done["steps"])
    return noted and done["stop_reason"] not in {"error", "budget"}


def _rubric(result: Result, registry: Registry) -> dict[str, str]:
    """The measures that the suite looks at, and the judge's, with their meanings."""
    declared = registry.suite(result.suite).spec.metrics
    judged = (*judging.MEASURES, *criteria.MEASURES) if "judge" in result.task_setting else ()
    names = dict.fromkeys([result.headline.metric, *declared, *judged])
    return {name: _meaning(name) for name in names if all(name in task.scores for task in result.tasks.values())}


def _meaning(name: str) -> str:
    if name in of_tools.MEASURES:
        return of_tools.MEASURES[name].description
    return of_answers.find(name).description if of_answers.known(name) else ""


def _told(rubric: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {meaning}" if meaning else name for name, meaning in rubric.items())


def _judged(record: Record, rubric: Mapping[str, str]) -> str:
    """How a result was judged, in figures: nothing gold is in them, so that nothing gold comes into the pool."""
    return ", ".join(f"{name} {record['scores'][name]:.2f}" for name in rubric)
