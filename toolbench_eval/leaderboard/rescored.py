"""An entry's scores once more from its runs, and where they differ from what the entry says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.tasks import TaskData
from toolbench_eval.errors import DataError
from toolbench_eval.evaluation.home import HOME_MEASURES, Scored
from toolbench_eval.leaderboard.differences import average_differences, differences, places, query_differences
from toolbench_eval.leaderboard.entry import Entry, sidecar_names
from toolbench_eval.leaderboard.findings import Finding, fault, flag, of_error, unproven
from toolbench_eval.leaderboard.limits import VOCABULARY, per_query_bounds, run_bounds
from toolbench_eval.leaderboard.reference import Reference
from toolbench_eval.leaderboard.signatures import Shape, shape_of, suspicions
from toolbench_eval.metrics.align import align
from toolbench_eval.metrics.language import parse_measure
from toolbench_eval.metrics.score import Scores, score_judged
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.results import sidecars
from toolbench_eval.results.aggregate import TaskScores, subtask_means


@dataclass
class Rescorer:
    """Scores entries of one board.

    Attributes:
        reference: The data.
        entry: The entry.
        findings: What was found so far.
    """

    reference: Reference
    entry: Entry
    findings: list[Finding] = field(default_factory=list)
    _vocabularies: dict[str, pa.LargeStringArray] = field(default_factory=dict)

    def check(self) -> list[Finding]:
        """Score every task again and compare; claims about the setting must hold already."""
        result, shapes, scored = self.entry.result, [], {}
        for name in result.tasks:
            if name not in self.reference.tasks:
                why = self.reference.lacking.get(name, "the suite at hand has no such task")
                self.findings.append(unproven(self.entry.name, f"tasks.{name}", why))
                continue
            try:
                scored[name], shape = self._task(name)
                shapes.append(shape)
            except DataError as error:
                self.findings.append(of_error(self.entry.name, error, f"tasks.{name}"))
        if len(scored) == len(result.tasks):
            # The interval is drawn task by task, in the order of the suite's table; an entry's keys are sorted.
            self._compare_averages({name: scored[name] for name in self.reference.tasks if name in scored})
        self.findings += [flag(self.entry.name, "runs", text) for text in suspicions(shapes)]
        return self.findings

    def _task(self, name: str) -> tuple[TaskScores, Shape]:
        result, task = self.entry.result, self.reference.tasks[name]
        said, setting = result.tasks[name], result.task_setting
        files = sidecar_names(result, name)
        n, measures, dropped = len(task.queries), list(said.scores), setting["missing"] == "drop"
        ids, stored = sidecars.read_per_query(
            self.entry.folder / files["per_query_file"], bounds=per_query_bounds(n, len(measures))
        )
        # Runs number the queries as their judgments did; only where some were dropped does no file name them all.
        numbered = task.qrels.query_ids if dropped and len(ids) < n else ids
        order = places(numbered, task.qrels.query_ids, files["per_query_file"])
        run = sidecars.read_run(
            self.entry.folder / files["run_file"],
            numbered,
            self._vocabulary(str(said.documents_file), name),
            bounds=run_bounds(n, setting["k"]),
        )
        if sidecars.run_digest(run) != said.run_digest:
            self._fault(f"tasks.{name}.run_digest", f"is not the digest of {files['run_file']}")
        self._check_ranking(run, name)
        run = _rearranged(run, order, task)
        failed = 0 if dropped else int((run.lengths == 0).sum())
        counted = run.ranked() if dropped else run
        kept, judged = align(counted, self.reference.judgments(name, run.doc_ids), setting["missing"])
        scores = Scores(kept, {measure: score_judged(judged, parse_measure(measure)) for measure in measures})
        means, place = scores.aggregates(), places(ids, kept, files["per_query_file"])
        self._compare_task(name, task, run, scores, means, failed)
        self._compare_queries(name, place, stored, scores)
        # Queries in the order of the entry, since the interval is drawn in it.
        values = {measure: per_query[place] for measure, per_query in scores.values.items()}
        return TaskScores(task.row.category, means, values), shape_of(counted, judged)

    def _vocabulary(self, file: str, task: str) -> pa.LargeStringArray:
        if file not in self._vocabularies:
            ids = sidecars.read_documents(self.entry.folder / file, bounds=VOCABULARY)
            if len(ids) > 1 and not pc.all(pc.less(ids[:-1], ids[1:])).as_py():
                raise DataError("the document ids must be sorted, each once", file=self.entry.folder / file)
            known = self.reference.document_ids(task, self.entry.result.task_setting["scope"])
            if known is not None and known.equals(ids):
                ids = known  # one object, whose judgments are looked up once for all entries
            elif known is not None and (strange := np.flatnonzero(positions_of(ids, known) < 0)).size:
                self._fault(f"{file}", f"the corpus has no document '{str(ids[int(strange[0])])[:80]}'")
            self._vocabularies[file] = ids
        return self._vocabularies[file]

    def _check_ranking(self, run: Run, task: str) -> None:
        setting, field_ = self.entry.result.task_setting, f"tasks.{task}.run_file"
        there = run.documents != NO_DOCUMENT
        if run.depth > setting["k"]:
            self._fault(field_, f"ranks {run.depth} documents for a query; k is {setting['k']}")
        if not np.isfinite(run.scores[there]).all():
            self._fault(field_, "has a score that is no finite number")
            return
        pairs = there[:, 1:]
        if ((run.scores[:, 1:] > run.scores[:, :-1]) & pairs).any():
            self._fault(field_, "a score is higher than the one ranked before it")
        # In a sorted vocabulary, falling positions are falling ids: how trec_eval orders equal scores.
        tied = (run.scores[:, 1:] == run.scores[:, :-1]) & pairs
        if setting["ties"] == "trec" and (tied & (run.documents[:, 1:] > run.documents[:, :-1])).any():
            text = f"task '{task}': equal scores are not ordered by document id, as task_setting.ties says"
            self.findings.append(flag(self.entry.name, "runs", text))

    def _compare_task(
        self, name: str, task: TaskData, run: Run, scores: Scores, means: dict[str, float], failed: int
    ) -> None:
        said = self.entry.result.tasks[name]
        found: dict[str, Any] = {
            "scores": means,
            "subtasks": subtask_means(scores) if len(task.units) > 1 else {},
            "home": {}
            if task.row.home is None
            else HOME_MEASURES[task.row.home](Scored(task.queries, task.qrels, run)),
            "queries": len(scores),
            "failed": failed,
        }
        corpus = self.reference.corpus_fingerprint(name, self.entry.result.task_setting["scope"])
        if corpus is not None:
            found["corpus_fingerprint"] = corpus
        for key, value in found.items():
            self._compare(getattr(said, key), value, f"tasks.{name}.{key}")
        count = self.entry.result.counts.get(name)
        if count is not None and count.found != len(task.queries):
            self._fault(f"counts.{name}.found", f"says {count.found}; the task has {len(task.queries)} queries")

    def _compare_queries(
        self, name: str, place: npt.NDArray[np.int64], stored: Mapping[str, npt.NDArray[np.float64]], scores: Scores
    ) -> None:
        found = {measure: values[place] for measure, values in scores.values.items()}
        ids = scores.query_ids.take(pa.array(place))
        for field_, message in query_differences(stored, found, ids, f"tasks.{name}.per_query_file"):
            self._fault(field_, message)

    def _compare_averages(self, scored: dict[str, TaskScores]) -> None:
        for field_, message in average_differences(self.entry.result, self.reference.suite.spec, scored):
            self._fault(field_, message)

    def _compare(self, said: Any, found: Any, where: str) -> None:
        for field_, message in differences(said, found, where):
            self._fault(field_, message)

    def _fault(self, where: str, message: str) -> None:
        self.findings.append(fault(self.entry.name, where, message))


def _rearranged(run: Run, place: npt.NDArray[np.int64], task: TaskData) -> Run:
    """The run with its rows in the order of the data."""
    order = np.argsort(place)
    return Run(task.qrels.query_ids, run.doc_ids, run.documents[order], run.scores[order])
