"""Finds suites, corpora and model cards: shipped files, user folders, installed packages.

Nothing is validated or imported before it is asked for by name: listing reads TOML only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from toolbench_eval.beir import beir_corpus, beir_name, beir_splits, beir_suite, is_beir
from toolbench_eval.declarations import read_card, read_corpus, read_rows, read_suite, read_toml
from toolbench_eval.errors import MissingDataError, UnknownNameError, UsageError
from toolbench_eval.shipped import PACKAGE, shipped

if TYPE_CHECKING:
    from toolbench_eval.cards import ModelCard
    from toolbench_eval.suites import CorpusSource, Suite

TASKS_GROUP = "toolbench_eval.tasks"
MODELS_GROUP = "toolbench_eval.models"
OWN_CORPUS = "corpus.toml"
"""A suite may bring its corpus in a file of this name beside `suite.toml`."""


@dataclass(frozen=True)
class Registry:
    """Names that the command line knows.

    Where several places have a name, the first counts: the user's folders in the order they were
    given, then installed packages, then what ships.

    Attributes:
        tasks_dirs: The user's own folders (`--tasks-dir`).
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
        roots = [*self.tasks_dirs, *_installed(TASKS_GROUP), shipped("tasks")]
        return _first_of_each((suite_name(path), path) for root in roots for path in suites_in(root))

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
            path = self.suite_files[name]
            self._suites[name] = beir_suite(path) if path.is_dir() else read_suite(path)
        return self._suites[name]

    def corpus(self, name: str, suite: Suite | None = None) -> CorpusSource:
        """The declared corpus; a suite may bring its own in `corpus.toml` beside `suite.toml`.

        Raises:
            UnknownNameError: No such corpus.
            DataError: Its declaration is wrong.
        """
        files = self.corpus_files
        if suite is not None:
            if not (suite.folder / "suite.toml").is_file() and is_beir(suite.folder):
                return beir_corpus(suite.folder)
            own = suite.folder / OWN_CORPUS
            if own.is_file():
                files = {**files, str(read_toml(own).get("name")): own}
        if name not in files:
            raise UnknownNameError("corpus", name, files, f"It is declared in corpora/{name}.toml or {OWN_CORPUS}.")
        return read_corpus(files[name])

    @cached_property
    def corpus_files(self) -> dict[str, Path]:
        """Corpus name -> its TOML file."""
        own = [folder / "corpora" for folder in [*self.tasks_dirs, *_installed(TASKS_GROUP)]]
        return _toml_files([*own, shipped("corpora")])

    # models ---------------------------------------------------------------------------------

    @cached_property
    def card_files(self) -> dict[str, Path]:
        """Model name -> its card."""
        own = [folder / "models" for folder in self.tasks_dirs]
        return _toml_files([*own, *_installed(MODELS_GROUP), PACKAGE / "models"])

    def card(self, name: str) -> ModelCard:
        """The card of a registered model.

        Raises:
            UnknownNameError: No such model.
            DataError: Its card is wrong.
        """
        if name not in self.card_files:
            hint = "'evalharness models list' shows all; a hub id (owner/name) or a folder works too."
            raise UnknownNameError("model", name, self.card_files, hint)
        return read_card(self.card_files[name])

    # listing --------------------------------------------------------------------------------

    def listed_suites(self) -> list[dict[str, Any]]:
        """Name, kind, title and number of tasks of every suite, without validating any."""
        return [_listed(name, path) for name, path in self.suite_files.items()]

    def listed_models(self) -> list[dict[str, Any]]:
        """Name, family, hub id and title of every card, without validating any."""
        cards = [(name, read_toml(path)) for name, path in self.card_files.items()]
        keys = ("family", "hub", "title")
        return [{"model": name, **{key: card.get(key, "") for key in keys}} for name, card in sorted(cards)]


def suites_in(root: Path) -> Iterator[Path]:
    """The suites of a folder: in itself and in the folders right below."""
    for folder in [root, *sorted(path for path in root.iterdir() if path.is_dir())]:
        if (folder / "suite.toml").is_file():
            yield folder / "suite.toml"
        elif is_beir(folder):
            yield folder


def suite_name(path: Path) -> str:
    """The name that a suite gives itself, or that of its BEIR folder."""
    return beir_name(path) if path.is_dir() else str(read_toml(path).get("name", path.parent.name))


def _listed(name: str, path: Path) -> dict[str, Any]:
    if path.is_dir():
        return {"suite": name, "kind": "retrieval", "tasks": len(beir_splits(path)), "title": "BEIR folder"}
    spec = read_toml(path)
    tasks = spec.get("tasks") or read_rows(path.parent / str(spec.get("table", "tasks.csv")))
    return {
        "suite": name,
        "kind": spec.get("kind", "retrieval"),
        "tasks": len(tasks),
        "title": spec.get("title", ""),
    }


def _toml_files(folders: Iterable[Path]) -> dict[str, Path]:
    return _first_of_each((path.stem, path) for folder in folders for path in sorted(folder.glob("*.toml")))


def _first_of_each(named: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name, path in named:
        found.setdefault(name, path)
    return found


def _installed(group: str) -> Iterator[Path]:
    """Folders that installed packages offer: each entry point names a package, a path, or a function that gives one."""
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)):
        folder = _folder_of(entry)
        if not folder.is_dir():
            raise UsageError(f"the entry point '{entry.name}' ({entry.value}) of {group} names no folder: {folder}")
        yield folder


def _folder_of(entry: EntryPoint) -> Path:
    try:
        named: ModuleType | Callable[[], Any] | Any = entry.load()
        if isinstance(named, ModuleType):
            return Path(next(iter(named.__path__)))
        return Path(named() if callable(named) else named)
    except Exception as error:  # any fault of somebody else's package must name that package
        message = f"the entry point '{entry.name}' ({entry.value}) of {entry.group} cannot be loaded: {error}"
        raise UsageError(message) from error
