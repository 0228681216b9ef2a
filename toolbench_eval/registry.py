"""Finds suites, corpora and model cards: shipped files, user folders, installed packages.

Nothing is validated or imported before it is asked for by name: listing reads TOML only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolbench_eval.declarations import read_rows, read_toml, validated
from toolbench_eval.errors import DataError, MissingDataError, UnknownNameError
from toolbench_eval.shipped import PACKAGE, shipped

if TYPE_CHECKING:
    from toolbench_eval.cards import ModelCard
    from toolbench_eval.suites import CorpusSource, Suite

TASKS_GROUP = "toolbench_eval.tasks"
MODELS_GROUP = "toolbench_eval.models"


@dataclass(frozen=True)
class Registry:
    """Names that the command line knows.

    Attributes:
        tasks_dirs: The user's own folders (`--tasks-dir`); they are searched first, so a user's
            task or card may replace one that ships.
    """

    tasks_dirs: tuple[Path, ...] = ()
    _suites: dict[str, Suite] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Refuse folders that do not exist, before anything is looked up in them."""
        for folder in self.tasks_dirs:
            if not folder.is_dir():
                raise MissingDataError("no such folder (given as --tasks-dir)", file=folder)

    # suites ---------------------------------------------------------------------------------

    @cached_property
    def suite_files(self) -> dict[str, Path]:
        """Suite name -> its `suite.toml`, or the folder of a BEIR data set."""
        found: dict[str, Path] = {}
        for root in [*self.tasks_dirs, *_installed(TASKS_GROUP), shipped("tasks")]:
            for path in _suites_in(root):
                found.setdefault(_suite_name(path), path)
        return found

    def suite(self, name: str) -> Suite:
        """The declared suite.

        Raises:
            UnknownNameError: No such suite; the nearest names are listed.
            DataError: Its declaration is wrong.
        """
        if name not in self.suite_files:
            hint = "'evalharness tasks list' shows all."
            raise UnknownNameError("suite", name, self.suite_files, hint)
        if name not in self._suites:
            self._suites[name] = _read_suite(self.suite_files[name])
        return self._suites[name]

    def corpus(self, name: str, suite: Suite | None = None) -> CorpusSource:
        """The declared corpus; a suite may bring its own in `corpus.toml` beside `suite.toml`.

        Raises:
            UnknownNameError: No such corpus.
        """
        if suite is not None and (beir := _beir_corpus(suite)) is not None:
            return beir
        files = self.corpus_files
        own = suite.folder / "corpus.toml" if suite is not None else None
        path = own if own is not None and own.is_file() else files.get(name)
        if path is None:
            raise UnknownNameError("corpus", name, files)
        return _read_corpus(path)

    @cached_property
    def corpus_files(self) -> dict[str, Path]:
        """Corpus name -> its TOML file."""
        roots = [*(folder / "corpora" for folder in [*self.tasks_dirs, *_installed(TASKS_GROUP)]), shipped("corpora")]
        found: dict[str, Path] = {}
        for root in roots:
            for path in sorted(root.glob("*.toml")):
                found.setdefault(path.stem, path)
        return found

    # models ---------------------------------------------------------------------------------

    @cached_property
    def card_files(self) -> dict[str, Path]:
        """Model name -> its card."""
        roots = [*(folder / "models" for folder in self.tasks_dirs), *_installed(MODELS_GROUP), PACKAGE / "models"]
        found: dict[str, Path] = {}
        for root in roots:
            for path in sorted(root.glob("*.toml")):
                found.setdefault(path.stem, path)
        return found

    def card(self, name: str) -> ModelCard:
        """The card of a registered model.

        Raises:
            UnknownNameError: No such model.
            DataError: Its card is wrong.
        """
        from toolbench_eval.cards import ModelCard

        if name not in self.card_files:
            hint = "'evalharness models list' shows all; a hub id (owner/name) or a folder works too."
            raise UnknownNameError("model", name, self.card_files, hint)
        path = self.card_files[name]
        card = validated(ModelCard, read_toml(path), path)
        if card.name != path.stem:
            raise DataError(f"must be '{path.stem}', the name of the file", file=path, field="name")
        return card

    # listing --------------------------------------------------------------------------------

    def listed_suites(self) -> list[dict[str, Any]]:
        """Name, kind, title, number of tasks and origin of every suite, without validating any."""
        rows = []
        for name, path in self.suite_files.items():
            if path.is_dir():
                rows.append(
                    {"suite": name, "kind": "retrieval", "title": "BEIR folder", "tasks": len(_beir_splits(path))}
                )
                continue
            spec = read_toml(path)
            tasks = _task_rows(spec, path)
            rows.append(
                {
                    "suite": name,
                    "kind": spec.get("kind", "retrieval"),
                    "title": spec.get("title", ""),
                    "tasks": len(tasks),
                }
            )
        return rows

    def listed_models(self) -> list[dict[str, Any]]:
        """Name, family, hub id and title of every card, without validating any."""
        cards = [(name, read_toml(path)) for name, path in self.card_files.items()]
        keys = ("family", "hub", "title")
        return [{"model": name, **{key: card.get(key, "") for key in keys}} for name, card in sorted(cards)]


def _installed(group: str) -> Iterator[Path]:
    """Folders that installed packages offer: each entry point names a path."""
    for entry in entry_points(group=group):
        folder = entry.load()
        yield Path(folder() if callable(folder) else folder)


def _suites_in(root: Path) -> Iterator[Path]:
    for folder in [root, *sorted(path for path in root.iterdir() if path.is_dir())]:
        if (folder / "suite.toml").is_file():
            yield folder / "suite.toml"
        elif is_beir(folder):
            yield folder


def _suite_name(path: Path) -> str:
    if path.is_dir():
        return path.resolve().name
    return str(read_toml(path).get("name", path.parent.name))


def is_beir(folder: Path) -> bool:
    """Whether a folder has BEIR's layout: corpus, queries and a folder of qrels."""
    return (folder / "qrels").is_dir() and all(any(folder.glob(f"{name}.jsonl*")) for name in ("corpus", "queries"))


def _beir_splits(folder: Path) -> list[str]:
    return sorted(path.name.split(".")[0] for path in (folder / "qrels").glob("*.tsv*"))


def _task_rows(spec: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    if spec.get("tasks"):
        return list(spec["tasks"])
    table = path.parent / str(spec.get("table", "tasks.csv"))
    return list(read_rows(table))


def _read_suite(path: Path) -> Suite:
    from toolbench_eval.suites import Suite, SuiteDeclaration, TaskRow

    if path.is_dir():
        return _beir_suite(path)
    values = read_toml(path)
    spec = validated(SuiteDeclaration, values, path)
    if (spec.hub is None) == (spec.files is None):
        raise DataError("a suite has exactly one of [hub] and [files]", file=path)
    table = path if values.get("tasks") else path.parent / str(spec.table)
    rows = [validated(TaskRow, row, table, number) for number, row in enumerate(_task_rows(values, path), start=2)]
    names = [row.task for row in rows]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise DataError(f"the task '{name}' stands twice", file=table, row=number + 2, field="task")
    if not rows:
        raise DataError("a suite needs at least one task", file=table)
    return Suite(folder=path.parent, spec=spec, rows=tuple(rows))


def _beir_suite(folder: Path) -> Suite:
    from toolbench_eval.suites import FileQueries, Headline, QueryColumns, Suite, SuiteDeclaration, TaskRow

    queries = next(folder.glob("queries.jsonl*")).name
    endings = {path.name.split(".", 1)[1] for path in (folder / "qrels").glob("*.tsv*")}
    if len(endings) != 1:
        raise DataError("expected the qrels as .tsv files of one kind of compression", file=folder / "qrels")
    spec = SuiteDeclaration(
        name=folder.resolve().name,
        version="1",
        title="BEIR folder",
        corpus=folder.resolve().name,
        files=FileQueries(queries=queries, qrels=f"qrels/{{task}}.{endings.pop()}"),
        columns=QueryColumns(id="_id", query="text", instruction="instruction"),
        headline=Headline(metric="nDCG@10", aggregate="subset_macro"),
    )
    rows = tuple(TaskRow(task=split) for split in _beir_splits(folder))
    return Suite(folder=folder, spec=spec, rows=rows)


def _beir_corpus(suite: Suite) -> CorpusSource | None:
    from toolbench_eval.suites import CorpusDeclaration, CorpusSource, DocumentColumns

    if (suite.folder / "suite.toml").is_file() or not is_beir(suite.folder):
        return None
    spec = CorpusDeclaration(
        name=suite.name,
        files=[next(suite.folder.glob("corpus.jsonl*")).name],
        columns=DocumentColumns(id="_id", text="text", title="title"),
    )
    return CorpusSource(folder=suite.folder, spec=spec)


def _read_corpus(path: Path) -> CorpusSource:
    from toolbench_eval.suites import CorpusDeclaration, CorpusSource

    spec = validated(CorpusDeclaration, read_toml(path), path)
    if (spec.hub is None) == (spec.files is None):
        raise DataError("a corpus has exactly one of [hub] and files", file=path)
    return CorpusSource(folder=path.parent, spec=spec)
