"""`evalharness tasks check`: every fault of a folder with own suites, corpora and model cards.

Declarations and files beside them are looked at whole. Data on the hub is looked at only where the local
cache (or a mirror) has it, and there the first fault of a table is reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.beir import beir_suite
from toolbench_eval.data.check_problems import check_problems
from toolbench_eval.data.check_questions import check_questions
from toolbench_eval.data.check_tables import KnownDocuments, check_corpus, check_labelled, check_separate, check_units
from toolbench_eval.data.load import load_task_data
from toolbench_eval.data.sources import Access
from toolbench_eval.data.splits import expected_splits
from toolbench_eval.declarations import Faults, inspect_card, inspect_corpus, inspect_suite
from toolbench_eval.errors import DataError, MissingDataError, UnknownNameError, UsageError
from toolbench_eval.registry import OWN_CORPUS, Registry, suites_in
from toolbench_eval.suites import CorpusSource, QuestionRow, Suite, TaskRow, ToolRow


@dataclass(frozen=True)
class Finding:
    """One fault.

    Attributes:
        file: File, folder or data set.
        row: Number of the record, from 1; in CSV and TSV the header is row 1.
        field: Column or key.
        message: What is wrong.
    """

    file: str
    row: int | None
    field: str | None
    message: str

    def __str__(self) -> str:
        return str(DataError(self.message, file=self.file, row=self.row, field=self.field))


def check_folder(folder: Path, access: Access | None = None) -> list[Finding]:
    """Every fault of the suites, corpora and model cards in a folder.

    Args:
        folder: As it is given to `--tasks-dir`.
        access: Where hub data may come from; by default the local cache alone.

    Raises:
        MissingDataError: There is no such folder.
        UsageError: It holds nothing that can be checked.
    """
    if not folder.is_dir():
        raise MissingDataError("no such folder", file=folder)
    suites = list(suites_in(folder))
    corpora = _corpus_files(folder, suites)
    cards = sorted((folder / "models").glob("*.toml"))
    if not suites and not corpora and not cards:
        raise UsageError(
            f"{folder} holds no suite (suite.toml or a BEIR folder, in it or right below), "
            "no corpus (corpus.toml, corpora/*.toml) and no model card (models/*.toml)"
        )
    checked = _Corpora(Registry((folder,)), folder, access or Access(offline=True), {})
    faults = [fault for path in cards for fault in inspect_card(path)[1]]
    for path in corpora:
        source, found = inspect_corpus(path)
        faults += found if source is None or found else checked.add(source)
    faults += _suite_faults(suites, checked)
    return [Finding(str(one.file), one.row, one.field, one.message) for one in faults]


def _corpus_files(folder: Path, suites: Iterable[Path]) -> list[Path]:
    beside = [path.parent / OWN_CORPUS for path in suites if path.is_file()]
    own = [path for path in [folder / OWN_CORPUS, *beside] if path.is_file()]
    return list(dict.fromkeys([*own, *sorted((folder / "corpora").glob("*.toml"))]))


@dataclass(frozen=True)
class _Corpora:
    """The document ids of corpora that were looked at."""

    registry: Registry
    folder: Path
    access: Access
    known: dict[tuple[Path, str], KnownDocuments | None]

    def add(self, source: CorpusSource) -> Faults:
        """Look at a corpus; returns its faults."""
        self.known[source.folder, source.spec.name], faults = check_corpus(source, self.access)
        return faults

    def of(self, suite: Suite, path: Path) -> tuple[KnownDocuments | None, Faults]:
        """The documents that a suite's tasks search, None where they are not at hand, and faults not told yet."""
        if suite.spec.corpus is None:
            return None, []
        try:
            source = self.registry.corpus(suite.spec.corpus, suite)
        except UnknownNameError as error:
            return None, [DataError(str(error), file=path, field="corpus")]
        except DataError:  # found already when the corpus was looked at
            return None, []
        key = source.folder, source.spec.name
        faults = [] if key in self.known else self.add(source)
        return self.known[key], faults if source.folder.is_relative_to(self.folder) else []


def _suite_faults(paths: Iterable[Path], corpora: _Corpora) -> Faults:
    faults: Faults = []
    names: dict[str, Path] = {}
    for path in paths:
        suite, found = inspect_suite(path) if path.is_file() else _inspect_beir(path)
        faults += found
        if suite is None:
            continue
        if suite.name in names:
            faults.append(DataError(f"the suite {names[suite.name]} has this name, too", file=path, field="name"))
        names.setdefault(suite.name, path)
        try:
            expected_splits(suite)
        except DataError as error:
            faults.append(error)
        documents, found = corpora.of(suite, path)
        faults += found
        for row in suite.rows:
            faults += _task_faults(suite, row, documents, corpora)
    return faults


def _inspect_beir(folder: Path) -> tuple[Suite | None, Faults]:
    try:
        return beir_suite(folder), []
    except DataError as error:
        return None, [error]


def _task_faults(suite: Suite, row: TaskRow, documents: KnownDocuments | None, corpora: _Corpora) -> Faults:
    try:
        if isinstance(row, QuestionRow):
            return check_questions(suite, row, corpora.access, corpora.registry)
        if isinstance(row, ToolRow):
            return check_problems(suite, row, corpora.access)
        return _retrieval_faults(suite, row, documents, corpora.access)
    except MissingDataError as error:
        return [] if suite.spec.files is None else [error]
    except DataError as error:
        return [error]


def _retrieval_faults(suite: Suite, row: TaskRow, documents: KnownDocuments | None, access: Access) -> Faults:
    if suite.spec.files is None:
        return check_units(suite, row, load_task_data(suite, row, access), documents)
    check = check_labelled if suite.spec.files.qrels is None else check_separate
    return check(suite, row, documents)
