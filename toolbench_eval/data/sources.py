"""Tables of data sets by their hub name: from a mirror folder, the local cache or the hub, in this order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import pyarrow as pa

from toolbench_eval.data.files import read_table
from toolbench_eval.data.hub import HubRepository, cache_folder, find_on_hub
from toolbench_eval.data.mirror import MirrorRepository, find_in_mirror
from toolbench_eval.errors import DataError, MissingDataError

Repository: TypeAlias = MirrorRepository | HubRepository

_REPO = re.compile(r"(?:[A-Za-z0-9_][\w.-]*/)?[A-Za-z0-9_][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class HubSplit:
    """The name of one split of a data set.

    Attributes:
        repo: ``owner/name`` on the hub.
        config: Its config, or None where the data set has one only.
        split: Its split.
        revision: Commit, tag or branch; None for ``main``. A mirror holds one revision and is not asked for it.
    """

    repo: str
    config: str | None
    split: str
    revision: str | None


@dataclass(frozen=True)
class Access:
    """Where data may come from.

    Attributes:
        mirror: A folder with ``<owner>/<name>/...``, looked up first.
        offline: Make no connection.
        found: Data sets that were found, by name and revision: all splits of one are of the same state.
    """

    mirror: Path | None = None
    offline: bool = False
    found: dict[tuple[str, str | None], Repository] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A split, and where it came from.

    Attributes:
        table: The rows; every column is flat (see `read_table`).
        origin: ``mirror``; ``cache`` if every file lay there already; ``hub`` if something was downloaded.
        revision: The commit, None for a mirror.
        location: The mirror's folder, or ``repo@commit``.
    """

    table: pa.Table
    origin: Literal["mirror", "cache", "hub"]
    revision: str | None
    location: str


def load_split(split: HubSplit, access: Access) -> Loaded:
    """Read one split.

    Where the mirror has the data set, only the mirror is asked.

    Raises:
        MissingDataError: The data set has no such config or split, or a file of it is absent; or, offline, neither
            mirror nor cache has it.
        DataError: A file or the README is broken.
        HubError: The hub has no such data set or revision, refuses, or fails.
        StorageError: The cache cannot be written.
    """
    repository = _repository(split.repo, split.revision, access)
    names = repository.layout.files_of(split.config, split.split)
    origin = repository.origin(names)
    table = _joined([(name, repository.fetch(name)) for name in names], repository.location)
    return Loaded(table, origin, repository.revision, repository.location)


def available(repo: str, revision: str | None, access: Access) -> dict[str, list[str]]:
    """The configs of a data set and their splits, without reading or fetching any of its data.

    Raises:
        MissingDataError: Offline, and neither mirror nor cache has the data set.
        DataError: The README is broken.
        HubError: The hub has no such data set or revision, refuses, or fails.
    """
    return _repository(repo, revision, access).layout.available()


def _repository(repo: str, revision: str | None, access: Access) -> Repository:
    key = repo, revision
    if key not in access.found:
        access.found[key] = _find(repo, revision, access)
    return access.found[key]


def _find(repo: str, revision: str | None, access: Access) -> Repository:
    if not _REPO.fullmatch(repo) or ".." in repo:
        raise DataError(f"'{repo}' is not the name of a data set; it must be owner/name")
    mirrored = find_in_mirror(access.mirror, repo) if access.mirror is not None else None
    found = mirrored or find_on_hub(repo, revision, offline=access.offline)
    if found is None:
        places = [f"mirror {access.mirror}"] if access.mirror is not None else []
        places.append(f"cache {cache_folder(repo)}")
        at = f" at revision '{revision}'" if revision else ""
        raise MissingDataError(
            f"data set '{repo}' is not at hand{at}; looked in {' and '.join(places)}. "
            "Run once without --offline to fetch it, or give a mirror folder with --data DIR"
        )
    return found


def _joined(files: list[tuple[str, Path]], location: str) -> pa.Table:
    tables = [read_table(path) for _, path in files]
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        names = ", ".join(name for name, _ in files)
        raise DataError(f"the files {names} differ in the type of a column: {error}", file=location) from error
