"""The data that entries are scored on: from the suite's own place, never from an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from toolbench_eval.data.documents import load_corpus
from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.load import load_task_data
from toolbench_eval.data.qrels import Qrels
from toolbench_eval.data.scopes import Scope, scoped
from toolbench_eval.data.shelf import CorpusHandle, Shelf
from toolbench_eval.data.sources import Access
from toolbench_eval.data.tasks import TaskData
from toolbench_eval.errors import DataError, EvalHarnessError, MissingDataError, OutsideError, UsageError
from toolbench_eval.evaluation.reporter import Reporter
from toolbench_eval.leaderboard.board import PINS_FILE, Pin, read_pins
from toolbench_eval.registry import Registry
from toolbench_eval.suites import Suite


@dataclass(eq=False)
class Reference:
    """A suite's data at hand.

    Attributes:
        suite: The suite.
        tasks: Data of the tasks by full name.
        lacking: Why other tasks have none.
        shared: The corpus that all tasks search, None where they bring their own or where it is not at hand.
    """

    suite: Suite
    tasks: dict[str, TaskData]
    lacking: dict[str, str]
    shared: CorpusHandle | None
    _scoped: dict[tuple[str, str], CorpusHandle] = field(default_factory=dict)
    _ids: dict[str, pa.LargeStringArray] = field(default_factory=dict)
    _judgments: dict[tuple[str, int], Qrels] = field(default_factory=dict)

    @property
    def pins(self) -> dict[str, Pin]:
        """What the data is, as a board pins it."""
        documents = None if self.shared is None else self.shared.fingerprint
        return {
            name: Pin(
                rows=len(task.queries),
                queries=task.queries.fingerprint,
                qrels=task.qrels.fingerprint,
                documents=documents,
            )
            for name, task in self.tasks.items()
        }

    def corpus_fingerprint(self, task: str, scope: Scope) -> str | None:
        """Fingerprint of what a task searches under a scope; None where the documents are not at hand."""
        handle = self._corpus(task, scope)
        return None if handle is None else handle.fingerprint

    def document_ids(self, task: str, scope: Scope) -> pa.LargeStringArray | None:
        """Sorted ids of what a task searches under a scope; None where the documents are not at hand."""
        handle = self._corpus(task, scope)
        if handle is None:
            return None
        if handle.key not in self._ids:
            self._ids[handle.key] = handle.corpus.ids.sort()
        return self._ids[handle.key]

    def judgments(self, task: str, vocabulary: pa.LargeStringArray) -> Qrels:
        """The judgments of a task, over a vocabulary of `document_ids` if it is one and has all judged documents."""
        qrels = self.tasks[task].qrels
        if not any(vocabulary is ids for ids in self._ids.values()):
            return qrels
        key = (task, id(vocabulary))
        if key not in self._judgments:
            position = positions_of(qrels.doc_ids, vocabulary)
            if len(position) == 0 or (position < 0).any():
                self._judgments[key] = qrels
            else:
                documents = position[qrels.documents].astype(np.int32)
                self._judgments[key] = replace(qrels, doc_ids=vocabulary, documents=documents)
        return self._judgments[key]

    def _corpus(self, name: str, scope: Scope) -> CorpusHandle | None:
        if self.shared is None or name not in self.tasks:
            return None
        task = self.tasks[name]
        part = {"category": task.row.category or "", "source": task.row.task}.get(scope, "")
        if (scope, part) not in self._scoped:
            self._scoped[scope, part] = scoped(self.shared, scope, task)
        return self._scoped[scope, part]


def load_reference(
    suite: Suite, names: list[str], pins: Mapping[str, Pin], access: Access, registry: Registry, reporter: Reporter
) -> Reference:
    """Load the data of tasks and keep what has the pinned fingerprints.

    Args:
        suite: The suite.
        names: Full names of the tasks that are needed.
        pins: What the data of the tasks must be; those of the suite itself count, too.
        access: Where data may come from.
        registry: Where corpora are declared.
        reporter: Who is told of progress.
    """
    own = read_pins(suite.folder / PINS_FILE) if (suite.folder / PINS_FILE).is_file() else {}
    shelf = Shelf()
    tasks: dict[str, TaskData] = {}
    lacking: dict[str, str] = {}
    rows = [row for row in suite.rows if f"{suite.name}/{row.task}" in names]
    with reporter.track(f"load {suite.name}", len(rows)) as advance:
        for row in rows:
            name = f"{suite.name}/{row.task}"
            try:
                tasks[name] = load_task_data(suite, row, access, shelf)
            except MissingDataError as error:
                lacking[name] = str(error)
            except OutsideError as error:  # the hub will not answer for the others either
                lacking |= {name: str(error) for name in names if name not in tasks}
                break
            else:
                for pinned, whose in ((own.get(name), "suite"), (pins.get(name), "board")):
                    if pinned is not None and (odd := _odd(tasks[name], pinned)):
                        lacking[name] = f"the data at hand has other {odd} than the {whose} pins"
            advance(1)
    kept = {name: task for name, task in tasks.items() if name not in lacking}
    return Reference(suite, kept, lacking, _shared(suite, access, registry, shelf) if kept else None)


def registered_suite(name: str, version: str, registry: Registry) -> Suite:
    """The suite at exactly this version.

    Raises:
        UnknownNameError: There is no such suite.
        UsageError: It is declared in another version.
    """
    suite = registry.suite(name)
    if suite.spec.version != version:
        raise UsageError(
            f"the board is of version {version} of '{name}', and the suite at hand has version {suite.spec.version}: "
            f"scores of the two do not compare. Give the folder that declares version {version} with --tasks-dir"
        )
    return suite


def board_pins(folder: Path) -> dict[str, Pin]:
    """What a board pins, nothing if it is new."""
    return read_pins(folder / PINS_FILE) if (folder / PINS_FILE).exists() else {}


def _odd(task: TaskData, pin: Pin) -> str | None:
    found = {"queries": task.queries.fingerprint, "qrels": task.qrels.fingerprint}
    return next((kind for kind, fingerprint in found.items() if getattr(pin, kind) != fingerprint), None)


def _shared(suite: Suite, access: Access, registry: Registry, shelf: Shelf) -> CorpusHandle | None:
    if suite.spec.corpus is None:
        return None
    try:
        source = registry.corpus(suite.spec.corpus, suite)
        loaded = load_corpus(source, access)
    except DataError as error:
        if not isinstance(error, MissingDataError):
            raise
        return None
    except (OutsideError, EvalHarnessError):
        return None
    handle = CorpusHandle(f"corpus:{source.spec.name}", lambda: load_corpus(source, access).corpus, shelf)
    shelf.get(handle.key, lambda: loaded.corpus)
    return handle
