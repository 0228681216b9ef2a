"""A stored run as first stage: `--first-stage RESULT`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.queries import Queries
from toolbench_eval.data.sources import Access
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.trec import read_run
from toolbench_eval.results.rescore import stored_run
from toolbench_eval.results.schema import Result
from toolbench_eval.results.sidecars import run_digest
from toolbench_eval.results.store import find_result, read_result
from toolbench_eval.retrievers.hub_run import HubRunModel, is_hub_name
from toolbench_eval.retrievers.lacking import count_lacking, served
from toolbench_eval.retrievers.model import Model


@runtime_checkable
class NeedsTask(Protocol):
    """A model that must know which task it searches for: the pipeline calls this before each search."""

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> int:
        """Take the task that is searched next, or whose next split is.

        Args:
            task: `suite/task`.
            queries: All its queries with their instructions, whatever the setting is.
            documents: Fingerprint of what it searches, as its result records it (`corpus_fingerprint`).
            instruction: `with` or `without`.

        Returns:
            Number of the queries that have no ranking because a stored first stage lacks them.

        Raises:
            UsageError: A stored first stage has no such task.
            DataError: It is one of other data, or lacks queries that it must have.
        """


def first_stage_model(
    place: Path,
    *,
    suite: str | None = None,
    instruction: str | None = None,
    access: Access | None = None,
    allow_missing: bool = False,
) -> Model:
    """The stored run at a place as a model.

    Args:
        place: A result file, a folder with one result that fits (or one with and one without instructions), or a
            TREC run (any other file); what is not on the disk, `owner/name` of a data set with runs.
        suite: Suite that is evaluated, to choose among results in a folder.
        instruction: `with` or `without` if only one of them is evaluated, to choose among results in a folder.
        access: Where data sets may come from.
        allow_missing: Whether it may lack queries; they find nothing then.

    Raises:
        MissingDataError: There is nothing, or nothing that fits.
        UsageError: A folder holds several results that fit.
        DataError: The file is neither a result nor a run.
    """
    if is_hub_name(place):
        return HubRunModel(str(place), access or Access(), allow_missing)
    if place.is_file() and place.suffix != ".json":
        return TrecRunModel(place, allow_missing)
    if instruction is None and place.is_dir():
        return _either(place, suite, allow_missing)
    return _stored(place, suite, instruction, allow_missing)


def _stored(place: Path, suite: str | None, instruction: str | None, allow_missing: bool) -> StoredRunModel:
    path = find_result(place, task=suite, instruction=instruction)
    return StoredRunModel(read_result(path), path.parent, allow_missing)


def _either(place: Path, suite: str | None, allow_missing: bool) -> Model:
    """The one result in a folder, or the two that differ in their instruction setting."""
    found: dict[str, StoredRunModel] = {}
    for instruction in ("with", "without"):
        try:
            found[instruction] = _stored(place, suite, instruction, allow_missing)
        except MissingDataError:
            continue
    names = {model.name for model in found.values()}
    if len(names) == 1 and len(found) == 2:
        return TwoStoredRuns(found)
    return _stored(place, suite, None, allow_missing)


@dataclass(eq=False)
class StoredRunModel:
    """Serves the runs of a result, after checking that data and setting are the same.

    Attributes:
        result: The result.
        folder: Where its files are.
        allow_missing: Whether it may lack queries.
    """

    result: Result
    folder: Path
    allow_missing: bool = False
    _runs: dict[str, Run] = field(default_factory=dict, repr=False)
    _next: Run | None = None
    _others: set[str] = field(default_factory=set, repr=False)

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

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> int:
        """Find the task's run; see `NeedsTask`.

        Raises:
            UsageError: The result has no such task.
            DataError: Its queries or documents are others.
        """
        self._compare_setting(task, instruction)
        if task not in self._runs:
            self._runs[task] = self._read(task, queries, documents)
        self._next = self._runs[task]
        return count_lacking(task, queries, self._next, allowed=self.allow_missing)

    def _compare_setting(self, task: str, instruction: str) -> None:
        """Say once that one setting is served from the other."""
        searched = self.result.task_setting.get("instruction")
        if searched != instruction and instruction not in self._others:
            self._others.add(instruction)
            self._warn(f"the first stage was searched {searched} instruction, '{task}' is reranked {instruction}")

    def _read(self, task: str, queries: Queries, documents: str) -> Run:
        if task not in self.result.tasks:
            known = ", ".join(self.result.tasks)
            raise UsageError(f"the first stage has no run for '{task}'; it has {known}")
        stored = self.result.tasks[task]
        if stored.corpus_fingerprint != documents:
            raise DataError(f"the first stage searched other documents for '{task}' than are here")
        run, _ = stored_run(stored, self.folder)
        self._compare(task, queries, run, stored.queries_fingerprint)
        return run

    def _compare(self, task: str, queries: Queries, run: Run, fingerprint: str) -> None:
        """Refuse a run over other queries."""
        lacking = count_lacking(task, queries, run, allowed=self.allow_missing)
        if fingerprint == queries.fingerprint:
            return
        if len(queries) == len(run) and not lacking:
            raise DataError(f"the first stage searched other queries for '{task}': same ids, other texts")
        self._warn(f"the first stage has other queries of '{task}' than are asked; their texts cannot be compared")

    def index(self, corpus: Corpus) -> None:
        """Nothing to do; a reranker looks every document up."""

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """The stored rankings of the queries.

        Raises:
            UsageError: No task was announced.
        """
        return served(self._next, queries, k)

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

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> int:
        """Choose the result of the setting and find the task's run in it; see `StoredRunModel.announce`."""
        self._next = self.results[instruction]
        return self._next.announce(task, queries, documents, instruction)

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
        allow_missing: Whether it may lack queries.
    """

    path: Path
    allow_missing: bool = False

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

    def announce(self, task: str, queries: Queries, documents: str, instruction: str) -> int:
        """Look for the task's queries; see `NeedsTask`.

        Raises:
            DataError: The run lacks queries that it must have.
        """
        return count_lacking(task, queries, self._run, allowed=self.allow_missing, file=self.path)

    def index(self, corpus: Corpus) -> None:
        """Nothing to do; documents are checked when they are reranked."""

    def search(self, queries: Queries, k: int, qrels: Qrels | None = None) -> Run:
        """The rankings of the queries; queries that the run lacks have none."""
        return served(self._run, queries, k)
