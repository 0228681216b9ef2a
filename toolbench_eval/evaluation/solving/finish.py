"""The end of an agent's task: its trajectories are scored, put in order and written."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolbench_eval.agents.trajectory import Trajectory
from toolbench_eval.data.ids import positions_of, string_array
from toolbench_eval.evaluation.solving.journal import Journal
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.evaluation.workplace import LOGS, Workplace
from toolbench_eval.metrics.answers.judged import agreement
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.results import sidecars
from toolbench_eval.results.samples import ContentDigest, write_samples
from toolbench_eval.results.schema import Solved, TaskResult

Table = dict[str, npt.NDArray[np.float64]]


class Sums:
    """What is kept of each sample while they pass by, one at a time."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.scores: list[dict[str, float]] = []
        self.rankings: list[Sequence[str]] = []
        self.stops: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.failures: dict[str, str] = {}
        self.digest = ContentDigest()

    def records(self, journal: Journal) -> Iterator[dict[str, Any]]:
        """The samples as they are written, in the order of the task."""
        for sample in self.work.samples:
            trajectory = journal.get(sample.id)
            scores = self.work.score(trajectory)
            self.add(trajectory, scores)
            gold, evidence = self.work.gold(sample.id), self.work.evidence(trajectory)
            # A study may word the request otherwise; gold has it as the task does.
            reworded = {} if sample.text == gold.get("text", sample.text) else {"request": sample.text}
            yield {"trajectory": trajectory.to_json(), "gold": gold, **reworded, **evidence, "scores": scores}

    def add(self, trajectory: Trajectory, scores: dict[str, float]) -> None:
        """Take in what came of the next sample."""
        self.scores.append(scores)
        self.rankings.append(self.work.retrieved(trajectory))
        self.stops[trajectory.stop_reason] += 1
        self.sources.update("miss" if call.error == "miss" else call.source for call in trajectory.tool_calls)
        self.digest.add(trajectory.canonical())
        if trajectory.failed:
            self.failures[trajectory.sample] = trajectory.error or trajectory.stop_reason

    @property
    def table(self) -> Table:
        """The value of every measure for every sample."""
        return {name: np.array([row[name] for row in self.scores], dtype=np.float64) for name in self.work.measures}


def finish_solved(work: Work, journal: Journal, place: Workplace) -> TaskResult:
    """Score a task whose samples are all solved, and leave its files in the workplace.

    Raises:
        StorageError: The disk failed.
        EndpointError: The judge did not answer.
    """
    name, sums = work.row.task, Sums(work)
    samples_file = place.path("samples", name, ".jsonl.zst")
    write_samples(samples_file, sums.records(journal))
    table = sums.table
    per_query_file = place.path("per_query", name)
    sidecars.write_per_query(per_query_file, string_array(one.id for one in work.samples), table)
    log = place.path(LOGS, name, ".eval")
    result = TaskResult(
        category=work.row.category,
        scores={measure: float(values.mean()) for measure, values in table.items()},
        queries=len(work.samples),
        failed=len(sums.failures),
        corpus_fingerprint=work.corpus_fingerprint,
        queries_fingerprint=work.fingerprint,
        qrels_fingerprint=work.fingerprint if work.qrels is None else work.qrels.fingerprint,
        per_query_file=place.name(per_query_file),
        trajectories_file=place.name(log) if log.is_file() else None,
        solved=Solved(
            samples_file=place.name(samples_file),
            samples_digest=sums.digest.value,
            profile=work.profile,
            stop_reasons=dict(sorted(sums.stops.items())),
            sources=dict(sorted(sums.sources.items())),
            failures=sums.failures,
            left_out=list(work.left_out),
            agreement=agreement_of(table),
        ),
        **_ranking_files(work, sums.rankings, place),
    )
    place.mark_done(name, result)
    return result


def _ranking_files(work: Work, rankings: Sequence[Sequence[str]], place: Workplace) -> dict[str, Any]:
    """What the agents retrieved as a run, with its judgments: retrieval is scored and compared as everywhere."""
    run, name = run_of([one.id for one in work.samples], rankings), work.row.task
    files: dict[str, str | None] = {"run_file": None, "documents_file": None, "qrels_file": None}
    if len(run.doc_ids):
        documents = place.path(
            "documents", hashlib.sha256("\n".join(run.doc_ids.to_pylist()).encode()).hexdigest()[:12]
        )
        run_file = place.path("runs", name)
        sidecars.write_documents(documents, run.doc_ids)
        sidecars.write_run(run_file, run)
        files |= {"run_file": place.name(run_file), "documents_file": place.name(documents)}
        if work.qrels is not None:
            qrels_file = place.path("qrels", name)
            sidecars.write_qrels(qrels_file, work.qrels)
            files["qrels_file"] = place.name(qrels_file)
    return {"run_digest": sidecars.run_digest(run), **files}


def run_of(samples: Sequence[str], rankings: Sequence[Sequence[str]]) -> Run:
    """Rankings as a run; agents give no scores, so the score is minus the rank."""
    vocabulary = string_array(sorted({name for ranking in rankings for name in ranking}))
    depth = max(map(len, rankings), default=0)
    documents = np.full((len(rankings), depth), NO_DOCUMENT, dtype=np.int32)
    for row, ranking in enumerate(rankings):
        documents[row, : len(ranking)] = positions_of(string_array(ranking), vocabulary)
    ranks = np.broadcast_to(-np.arange(1, depth + 1, dtype=np.float32), documents.shape)
    scores = np.where(documents == NO_DOCUMENT, np.float32(-np.inf), ranks)
    return Run(string_array(samples), vocabulary, documents, scores)


def agreement_of(table: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, float]:
    """How far the judge agrees with exact match; nothing without a judge."""
    if "acc_judged" not in table or "EM" not in table:
        return {}
    found = agreement((table["acc_judged"] > 0.5).tolist(), (table["EM"] > 0.5).tolist())
    return {"share": found.share, **({} if found.kappa is None else {"kappa": found.kappa})}
