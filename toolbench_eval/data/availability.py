"""Which data is here, without reading it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from toolbench_eval.data.documents import part_names
from toolbench_eval.data.qa.load import CONTEXT
from toolbench_eval.data.sources import Access, available
from toolbench_eval.errors import EvalHarnessError, MissingDataError
from toolbench_eval.registry import Registry
from toolbench_eval.selection import select
from toolbench_eval.suites import CorpusSource, QuestionRow, Suite, TaskRow, ToolRow

BRING_RECORDS = "--source FILE: the official file, which is not on the hub"
BRING_CORPUS = "--corpus FILE: what agents search, as the task has no corpus of its own"


@dataclass(frozen=True)
class Place:
    """Where data is declared to be.

    Attributes:
        name: The corpus or task that it is for.
        source: A file, or the name of a hub data set.
        revision: Revision on the hub.
        config: Config of the data set, None for a file.
        split: Split of the data set, or a glob.
    """

    name: str
    source: str
    revision: str | None = None
    config: str | None = None
    split: str = ""


def availability(pattern: str | None, registry: Registry, access: Access) -> list[dict[str, Any]]:
    """A row for each file or config that corpora and tasks are made of: where it is, and whether it is here."""
    places: list[Place] = []
    for selection in select((pattern,) if pattern else tuple(registry.suite_files), registry):
        suite = selection.suite
        if suite.spec.corpus is not None:
            places += _of_corpus(registry.corpus(suite.spec.corpus, suite))
        for row in selection.rows:
            places += _of_task(suite, row)
        places += _of_own_corpora(suite, selection.rows, registry)

    @cache
    def splits(repo: str, revision: str | None) -> dict[str, list[str]] | str:
        """The splits of each config, or why they are not known."""
        try:
            return available(repo, revision, access)
        except MissingDataError:
            return {}
        except EvalHarnessError as error:
            return str(error)

    return [_row(place, splits(place.source, place.revision) if place.config else {}) for place in places]


def _of_corpus(corpus: CorpusSource) -> list[Place]:
    name, hub = f"corpus:{corpus.spec.name}", corpus.spec.hub
    if hub is not None:
        return [Place(name, hub.repo, hub.revision, config, hub.split) for config in hub.configs]
    return [Place(name, str(corpus.folder / file)) for _, file in part_names(corpus)]


def _of_own_corpora(suite: Suite, rows: Iterable[TaskRow], registry: Registry) -> list[Place]:
    """The corpora that question answering tasks name; one that is pooled from the task's records has no place."""
    named = dict.fromkeys(row.corpus for row in rows if isinstance(row, QuestionRow))
    known = [name for name in named if name not in ("", CONTEXT)]
    return [place for name in known for place in _of_corpus(registry.corpus(name, suite))]


def _of_agents_task(suite: Suite, row: QuestionRow | ToolRow) -> list[Place]:
    name = f"{suite.name}/{row.task}"
    corpus = [Place(name, BRING_CORPUS)] if isinstance(row, QuestionRow) and not row.corpus else []
    if row.file is not None:
        return [Place(name, str(suite.folder / row.file)), *corpus]
    if row.repo is not None:
        return [Place(name, row.repo, row.revision, row.config or "default", row.split or ""), *corpus]
    return [Place(name, BRING_RECORDS), *corpus]


def _of_task(suite: Suite, row: TaskRow) -> list[Place]:
    if isinstance(row, QuestionRow | ToolRow):
        return _of_agents_task(suite, row)
    name, hub, files = f"{suite.name}/{row.task}", suite.spec.hub, suite.spec.files
    if hub is not None:
        places = [Place(name, hub.repo, hub.revision, hub.config.replace("{task}", row.task), hub.split)]
        if (own := hub.documents) is not None:
            split = hub.split.removesuffix(own.split_suffix[0]) + own.split_suffix[1]
            places.append(Place(name, own.repo, own.revision, own.config.replace("{task}", row.task), split))
        return places
    named = [] if files is None else [files.queries, *([files.qrels] if files.qrels else [])]
    return [Place(name, str(suite.folder / file.replace("{task}", row.task))) for file in named]


def _row(place: Place, splits: dict[str, list[str]] | str) -> dict[str, Any]:
    if place.source in (BRING_RECORDS, BRING_CORPUS):
        return {"name": place.name, "source": place.source, "revision": "", "here": "bring it"}
    if place.config is None:
        here = "yes" if Path(place.source).is_file() else "no"
        return {"name": place.name, "source": place.source, "revision": "", "here": here}
    here = splits if isinstance(splits, str) else "no"
    if not isinstance(splits, str) and any(fnmatchcase(one, place.split) for one in splits.get(place.config, [])):
        here = "yes"
    revision = (place.revision or "main")[:12]
    return {"name": place.name, "source": f"{place.source} {place.config}", "revision": revision, "here": here}
