"""`evalharness tasks check`: every fault of a folder with own suites, corpora and model cards.

Declarations and files beside them are looked at whole. Data on the hub is only looked at where a mirror
or the local cache has it, and there the first fault of a table is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from toolbench_eval.data.check_tables import DocumentIds, corpus_faults, query_faults, unit_faults
from toolbench_eval.data.load import load_task_data
from toolbench_eval.data.sources import Access
from toolbench_eval.declarations import Faults, inspect_card, inspect_corpus, inspect_suite
from toolbench_eval.errors import DataError, HubError, MissingDataError, UsageError
from toolbench_eval.registry import OWN_CORPUS, Registry, suites_in
from toolbench_eval.suites import CorpusSource, Suite

Read = TypeVar("Read")


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
    access = access or Access(offline=True)
    registry = Registry((folder,))
    suites = list(suites_in(folder))
    beside = [path.parent / OWN_CORPUS for path in suites if path.is_file()]
    corpora = [path for path in [folder / OWN_CORPUS, *beside] if path.is_file()]
    corpora = list(dict.fromkeys([*corpora, *sorted((folder / "corpora").glob("*.toml"))]))
    cards = sorted((folder / "models").glob("*.toml"))
    if not suites and not corpora and not cards:
        raise UsageError(
            f"{folder} holds no suite (suite.toml or a BEIR folder, in it or right below), "
            "no corpus (corpus.toml, corpora/*.toml) and no model card (models/*.toml)"
        )
    faults = [fault for path in cards for fault in inspect_card(path)[1]]
    ids: dict[Path, DocumentIds | None] = {}
    for path in corpora:
        source, found = inspect_corpus(path)
        faults += found
        if source is not None and not found:
            ids[path], found = corpus_faults(source, access)
            faults += found
    faults += _suite_faults(suites, registry, access, ids)
    return [_finding(fault) for fault in faults]


def _suite_faults(
    paths: Iterable[Path], registry: Registry, access: Access, ids: dict[Path, DocumentIds | None]
) -> Faults:
    faults: Faults = []
    names: dict[str, Path] = {}
    for path in paths:
        suite, found = _inspected_suite(path)
        faults += found
        if suite is None:
            continue
        if suite.name in names:
            message = f"another suite has this name: {names[suite.name]}"
            faults.append(DataError(message, file=path, field="name"))
        names.setdefault(suite.name, path)
        known, found = _corpus_of(suite, path, registry, access, ids)
        faults += [*found, *_task_faults(suite, known, access)]
    return faults
