"""A stored run as first stage: `--first-stage RESULT`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.ranking.order import truncate
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.ranking.trec import read_run
from toolbench_eval.results.rescore import stored_run
from toolbench_eval.results.schema import Result
from toolbench_eval.results.sidecars import run_digest
from toolbench_eval.results.store import find_result, read_result
from toolbench_eval.retrievers.model import Model


@runtime_checkable
class NeedsTask(Protocol):
    """A model that must know which task it searches for: the pipeline calls this before each search."""

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> None:
        """Take the task that is searched next, or whose next split is.

        Args:
            task: `suite/task`.
            queries: All its queries with their instructions, whatever the setting is.
            documents: Fingerprint of what it searches, as its result records it (`corpus_fingerprint`).
            instruction: `with` or `without`.
        """


def first_stage_model(place: Path, *, suite: str | None = None, instruction: str | None = None) -> Model:
    """The stored run at a place as a model.

    Args:
        place: A result file, a folder with one result that fits (or one with and one without instructions), or a
            TREC run (any other file).
        suite: Suite that is evaluated, to choose among results in a folder.
        instruction: `with` or `without` if only one of them is evaluated, to choose among results in a folder.

    Raises:
        MissingDataError: There is nothing, or nothing that fits.
        UsageError: A folder holds several results that fit.
        DataError: The file is neither a result nor a run.
    """
    if place.is_file() and place.suffix != ".json":
        return TrecRunModel(place)
    if instruction is None and place.is_dir():
        return _either(place, suite)
    return _stored(place, suite, instruction)


def _stored(place: Path, suite: str | None, instruction: str | None) -> StoredRunModel:
    path = find_result(place, task=suite, instruction=instruction)
    return StoredRunModel(read_result(path), path.parent)


def _either(place: Path, suite: str | None) -> Model:
    """The one result in a folder, or the two that differ in their instruction setting."""
    found: dict[str, StoredRunModel] = {}
    for instruction in ("with", "without"):
        try:
            found[instruction] = _stored(place, suite, instruction)
        except MissingDataError:
            continue
    names = {model.name for model in found.values()}
    if len(names) == 1 and len(found) == 2:
        return TwoStoredRuns(found)
    return _stored(place, suite, None)


@dataclass(eq=False)
class StoredRunModel:
    """Serves the runs of a result, after checking that data and setting are the same.

    Attributes:
        result: The result.
        folder: Where its files are.
    """

    result: Result
    folder: Path
    _runs: dict[str, Run] = field(default_factory=dict, repr=False)
    _next: Run | None = None

    @property
    def name(self) -> str:
        """The model that made the runs."""
        return self.result.model

    @property
    def revision(self) -> str | None:
        """Its revision."""
        return self.result.model_revision

    @property
    def setting(self) -> dict[str, Any]:
        """Its setting, and the identity of the result."""
        task_setting = {key: self.result.task_setting.get(key) for key in ("instruction", "protocol", "k")}
        return {"result": self.result.identity, "result_setting": task_setting, **self.result.model_setting}

    @property
    def index_bytes(self) -> int:
        """None: nothing is indexed."""
        return 0

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> None:
        """Find the task's run.

        Raises:
            UsageError: The result has no such task.
            DataError: Its queries or documents are others.
        """
        if task in self._runs:
            self._next = self._runs[task]
            return
        if task not in self.result.tasks:
            known = ", ".join(self.result.tasks)
            raise UsageError(f"the first stage has no run for '{task}'; it has {known}")
        stored = self.result.tasks[task]
        if stored.corpus_fingerprint != documents:
            raise DataError(f"the first stage searched other documents for '{task}' than are here")
        run, _ = stored_run(stored, self.folder)
        self._compare(task, queries, run, stored.queries_fingerprint)
        searched = self.result.task_setting.get("instruction")
        if searched != instruction:
            self._warn(f"the first stage was searched {searched} instruction, '{task}' is reranked {instruction}")
        self._runs[task] = self._next = run

    def _compare(self, task: str, queries: Queries, run: Run, fingerprint: str) -> None:
        """Refuse a run over other queries."""
        unknown = np.flatnonzero(positions_of(queries.ids, run.query_ids) < 0)
        if len(unknown):
            raise DataError(
                f"the first stage's run for '{task}' lacks query '{queries.ids[int(unknown[0])].as_py()}' "
                f"({len(unknown)} of {len(queries)} queries): it was made from other data, or with --limit"
            )
        if fingerprint == queries.fingerprint:
            return
        if len(queries) == len(run):
            raise DataError(f"the first stage searched other queries for '{task}': same ids, other texts")
        self._warn(f"only some of the first stage's queries of '{task}' are used; their texts cannot be compared")

    def index(self, corpus: Corpus) -> None:
        """Nothing to do; a reranker looks every document up."""

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """The stored rankings of the queries.

        Raises:
            UsageError: No task was announced.
        """
        if self._next is None:
            raise UsageError("a stored run must be told which task comes next: call announce() before search()")
        return truncate(_rows(self._next, queries), k)

    def _warn(self, text: str) -> None:
        logging.getLogger("toolbench_eval").warning(text)


@dataclass(eq=False)
class TwoStoredRuns:
    """Results of one model with and without instructions; each setting is served from its own.

    Attributes:
        results: `with` and `without`.
    """

    results: Mapping[str, StoredRunModel]
    _next: StoredRunModel | None = None

    @property
    def name(self) -> str:
        """The model that made the runs."""
        return self.results["with"].name

    @property
    def revision(self) -> str | None:
        """Its revision."""
        return self.results["with"].revision

    @property
    def setting(self) -> dict[str, Any]:
        """Both settings."""
        return {instruction: model.setting for instruction, model in self.results.items()}

    @property
    def index_bytes(self) -> int:
        """None: nothing is indexed."""
        return 0

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> None:
        """Choose the result of the setting and find the task's run in it; see `StoredRunModel.announce`."""
        self._next = self.results[instruction]
        self._next.announce(task, queries, documents, instruction)

    def index(self, corpus: Corpus) -> None:
        """Nothing to do; a reranker looks every document up."""

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """The stored rankings of the queries.

        Raises:
            UsageError: No task was announced.
        """
        return (self._next or self.results["with"]).search(queries, k, qrels)


@dataclass(eq=False)
class TrecRunModel:
    """Serves a TREC run; it names neither its data nor its setting, so only its ids can be checked.

    Attributes:
        path: The file.
    """

    path: Path

    def __post_init__(self) -> None:
        """Read the file."""
        self._run = read_run(self.path)

    @property
    def name(self) -> str:
        """The file's name without its endings."""
        return self.path.name.split(".")[0]

    @property
    def revision(self) -> str | None:
        """None: a run does not say."""
        return None

    @property
    def setting(self) -> dict[str, Any]:
        """Digest of what the run says."""
        return {"run": run_digest(self._run)}

    @property
    def index_bytes(self) -> int:
        """None: nothing is indexed."""
        return 0

    def index(self, corpus: Corpus) -> None:
        """Nothing to do; documents are checked when they are reranked."""

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """The rankings of the queries; queries that the run lacks have none.

        Raises:
            DataError: The run has none of the queries.
        """
        lacking = int((positions_of(queries.ids, self._run.query_ids) < 0).sum())
        if lacking == len(queries):
            raise DataError(f"none of the {lacking} queries is in the run", file=self.path)
        if lacking:
            logging.getLogger("toolbench_eval").warning("%s lacks %d of %d queries", self.path, lacking, len(queries))
        return truncate(_rows(self._run, queries), k)


def _rows(run: Run, queries: Queries) -> Run:
    """The rows of a run in the order of the queries; empty ones for queries that it lacks."""
    at = positions_of(queries.ids, run.query_ids)
    documents = np.where(at[:, None] >= 0, run.documents[at], np.int32(NO_DOCUMENT))
    scores = np.where(at[:, None] >= 0, run.scores[at], np.float32(-np.inf))
    return Run(queries.ids, run.doc_ids, documents, scores)
