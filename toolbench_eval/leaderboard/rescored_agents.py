"""An agent's entry scored once more from its trajectories, and where that differs from what the entry says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from toolbench_eval.data.ids import string_array
from toolbench_eval.errors import DataError, EvalHarnessError, MissingDataError, OutsideError
from toolbench_eval.evaluation.solving.finish import Sums, agreement_of, run_of
from toolbench_eval.evaluation.solving.tools.offers import RETRIEVED
from toolbench_eval.evaluation.solving.tools.simulation import SIMULATOR
from toolbench_eval.evaluation.solving.tools.teval import SIMILARITY
from toolbench_eval.evaluation.solving.tools.work import ToolWork
from toolbench_eval.evaluation.solving.work import Work
from toolbench_eval.leaderboard.agent_claims import llm_names
from toolbench_eval.leaderboard.agent_reference import AgentReference
from toolbench_eval.leaderboard.agent_samples import MALFORMED, SOURCE, Tally, malformed, score_recorded
from toolbench_eval.leaderboard.differences import average_differences, differences, places, query_differences
from toolbench_eval.leaderboard.entry import Entry, samples_name, sidecar_names
from toolbench_eval.leaderboard.entry_samples import read_recorded
from toolbench_eval.leaderboard.findings import Finding, fault, flag, of_error, unproven
from toolbench_eval.leaderboard.limits import VOCABULARY, per_query_bounds, run_bounds
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.results import sidecars
from toolbench_eval.results.aggregate import Naming, TaskScores, aggregates, intervals
from toolbench_eval.results.schema import Solved

UNASKED = {
    "judge": "its verdicts are as the submitter recorded them: verify did not ask it again",
    SIMILARITY: "how alike texts are is as the submitter recorded it: verify did not ask the model again",
    SIMULATOR: "replies of tools were made up by this model, and are as the submitter recorded them",
}
"""By setting: what a score depends on that cannot be computed again."""

Table = Mapping[str, npt.NDArray[np.float64]]
Rankings = Mapping[str, Sequence[str]]


@dataclass
class AgentRescorer:
    """Scores the entries of agents on one board.

    Attributes:
        reference: The data.
        entry: The entry.
        findings: What was found so far.
    """

    reference: AgentReference
    entry: Entry
    findings: list[Finding] = field(default_factory=list)

    def check(self) -> list[Finding]:
        """Score every sample again and compare; claims about kind and setting must hold already."""
        result, scored = self.entry.result, {}
        for name in result.tasks:
            where = f"tasks.{name}"
            if name not in self.reference.tasks:
                why = self.reference.lacking.get(name, "the suite at hand has no such task")
                self.findings.append(unproven(self.entry.name, where, why))
                continue
            try:
                scored[name] = self._task(name, self._work(name))
            except (_NotAtHandError, OutsideError) as error:
                self.findings.append(unproven(self.entry.name, where, str(error)))
            except DataError as error:
                self.findings.append(of_error(self.entry.name, error, where))
            except EvalHarnessError as error:
                self._fault(where, str(error))
        if len(scored) == len(result.tasks):
            # The interval is drawn task by task, in the order of the suite's table; an entry's keys are sorted.
            self._compare_averages({name: scored[name] for name in self.reference.tasks if name in scored})
        for name, words in UNASKED.items():
            if name in result.task_setting:
                self.findings.append(flag(self.entry.name, f"task_setting.{name}", words))
        return self.findings

    def _work(self, name: str) -> Work:
        try:
            return self.reference.work(self.entry.result, name)
        except MissingDataError as error:
            raise _NotAtHandError(str(error)) from None

    def _task(self, name: str, work: Work) -> TaskScores:
        result = self.entry.result
        ids, stored = self._stored_scores(name, work)
        if isinstance(work, ToolWork) and result.task_setting.get("toolset") == RETRIEVED:
            work = work.with_retrieved(self._stored_rankings(name, ids))
        sums = self._sums(name, work, ids.to_pylist())
        table = {measure: np.array([row[measure] for row in sums.scores]) for measure in sums.scores[0]}
        self._compare_task(name, work, sums, table)
        self._compare_run(name, sums.rankings, ids)
        for where, message in query_differences(stored, table, ids, f"tasks.{name}.per_query_file", SOURCE):
            self._fault(where, message)
        return TaskScores(work.row.category, {one: float(column.mean()) for one, column in table.items()}, table)

    def _sums(self, name: str, work: Work, ids: Sequence[str]) -> Sums:
        """What the samples come to, each scored again."""
        result = self.entry.result
        sums, tally, models = Sums(work), Tally(), set(llm_names(result).values())
        judged = result.kind == "question-answering" and "judge" in result.task_setting
        given = {sample.id: sample for sample in work.samples}
        file = self.entry.folder / samples_name(result, name)
        for recorded in read_recorded(file, result.kind, [given[one] for one in ids]):
            if strange := {call.model for call in recorded.trajectory.calls} - models:
                said = f"'{min(strange):.60}' answered, and model_setting.llms names no such model"
                tally.add("model", recorded.sample.id, said)
            scores = score_recorded(work, recorded, judged=judged, tally=tally)
            try:
                sums.add(recorded.trajectory, scores)
            except MALFORMED as error:
                raise malformed(recorded.sample.id, error) from None
        self.findings += tally.findings(self.entry.name, f"tasks.{name}.solved.samples_file")
        return sums

    def _stored_scores(self, name: str, work: Work) -> tuple[pa.LargeStringArray, Table]:
        """The entry's samples in its order, which all its files have, and what it says that they scored."""
        file = sidecar_names(self.entry.result, name)["per_query_file"]
        measures = len(self.entry.result.tasks[name].scores)
        bounds = per_query_bounds(len(work.samples), measures)
        ids, stored = sidecars.read_per_query(self.entry.folder / file, bounds=bounds)
        places(ids, string_array(sample.id for sample in work.samples), file)
        return ids, stored

    def _stored_rankings(self, name: str, ids: pa.LargeStringArray) -> Rankings:
        """The tools that were retrieved for each problem, as the entry's run has it."""
        said, most = self.entry.result.tasks[name], int(self.entry.result.task_setting["tools_k"])
        if said.run_file is None:
            return dict.fromkeys(ids.to_pylist(), ())
        run = self._stored_run(name, ids, most)
        if run.depth > most:
            self._fault(f"tasks.{name}.run_file", f"has {run.depth} tools for a problem; tools_k is {most}")
        names = run.doc_ids.to_pylist()
        rows = ([names[at] for at in row if at != NO_DOCUMENT] for row in run.documents.tolist())
        return dict(zip(ids.to_pylist(), rows, strict=True))

    def _stored_run(self, name: str, ids: pa.LargeStringArray, depth: int) -> Run:
        result = self.entry.result
        documents = sidecars.read_documents(
            self.entry.folder / str(result.tasks[name].documents_file), bounds=VOCABULARY
        )
        file = self.entry.folder / sidecar_names(result, name)["run_file"]
        return sidecars.read_run(file, ids, documents, bounds=run_bounds(len(ids), depth))

    def _compare_task(self, name: str, work: Work, sums: Sums, table: Table) -> None:
        said = self.entry.result.tasks[name]
        found: dict[str, Any] = {
            "scores": {measure: float(values.mean()) for measure, values in table.items()},
            "subtasks": {},
            "home": {},
            "queries": len(work.samples),
            "failed": len(sums.failures),
            "corpus_fingerprint": work.corpus_fingerprint,
            "queries_fingerprint": work.fingerprint,
            "qrels_fingerprint": work.fingerprint if work.qrels is None else work.qrels.fingerprint,
        }
        for key, value in found.items():
            self._compare(getattr(said, key), value, f"tasks.{name}.{key}")
        if said.solved is not None:
            self._compare_solved(said.solved, work, sums, table, f"tasks.{name}.solved")
        count = self.entry.result.counts.get(name)
        if count is not None and count.found != len(work.samples):
            self._fault(f"counts.{name}.found", f"says {count.found}; the task has {len(work.samples)} samples")

    def _compare_solved(self, said: Solved, work: Work, sums: Sums, table: Table, where: str) -> None:
        found: dict[str, Any] = {
            "samples_digest": sums.digest.value,
            "stop_reasons": dict(sums.stops),
            "sources": dict(sums.sources),
            "failures": sums.failures,
            "left_out": sorted(work.left_out),
            "agreement": agreement_of(table),
            "profile": _rules(work.profile),
        }
        stated = {**vars(said), "left_out": sorted(said.left_out), "profile": _rules(said.profile)}
        for key, value in found.items():
            self._compare(stated[key], value, f"{where}.{key}")

    def _compare_run(self, name: str, rankings: Sequence[Sequence[str]], ids: pa.LargeStringArray) -> None:
        said = self.entry.result.tasks[name]
        try:
            run = run_of(ids.to_pylist(), rankings)
        except MALFORMED as error:
            raise DataError(f"what the trajectories retrieved is no ranking: {error}"[:300]) from None
        digest = sidecars.run_digest(run)
        if digest != said.run_digest:
            self._fault(f"tasks.{name}.run_digest", "is not the digest of what the trajectories retrieved")
        if (said.run_file is not None) != bool(len(run.doc_ids)):
            what = "something" if len(run.doc_ids) else "nothing"
            self._fault(f"tasks.{name}.run_file", f"says {said.run_file!r:.60}; the trajectories retrieved {what}")
        elif said.run_file is not None and sidecars.run_digest(self._stored_run(name, ids, run.depth)) != digest:
            self._fault(f"tasks.{name}.run_file", "is not what the trajectories retrieved")

    def _compare_averages(self, scored: dict[str, TaskScores]) -> None:
        result, spec = self.entry.result, self.reference.suite.spec
        for where, message in average_differences(result, spec, scored, SOURCE):
            self._fault(where, message)
        naming = Naming(spec.unit, spec.group)
        if result.headline.aggregate in aggregates(scored, naming):
            spread = intervals(scored, result.headline.aggregate, result.task_setting["seed"], naming=naming)
            self._compare(_ends(result.intervals), _ends(spread), "intervals")

    def _compare(self, said: Any, found: Any, where: str) -> None:
        for field_, message in differences(said, found, where, SOURCE):
            self._fault(field_, message)

    def _fault(self, where: str, message: str) -> None:
        self.findings.append(fault(self.entry.name, where, message))


class _NotAtHandError(OutsideError):
    """The data of a task under an entry's setting are not here, so nothing is proven."""


def _ends(spread: Mapping[str, tuple[float, float]]) -> dict[str, dict[str, float]]:
    return {name: {"low": low, "high": high} for name, (low, high) in spread.items()}


def _rules(profile: str) -> str:
    """The way of scoring, without the models that compared texts or made up replies."""
    return profile.partition(" in ")[0].partition(" by ")[0]
