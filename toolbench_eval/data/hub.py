"""Data sets of the Hugging Face hub and its local cache, by commit.

The files come through ``huggingface_hub`` and are read by `read_table`, not through ``datasets.load_dataset``:
that one, where the hub does not answer or `HF_HUB_OFFLINE` is set, serves the revision it cached last, whatever
revision was asked for (see tests/data/test_hub.py). Here a commit is either all there or an error.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from toolbench_eval.data.hub_errors import explained, retried
from toolbench_eval.data.layout import README, Layout, inside, repository_layout
from toolbench_eval.errors import MissingDataError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class HubRepository:
    """One data set of the hub at one commit.

    Attributes:
        repo: ``owner/name``.
        revision: The 40 hexadecimal digits of the commit.
        files: Paths of all files of the commit.
        offline: Use what the cache holds and nothing else.
    """

    repo: str
    revision: str
    files: tuple[str, ...]
    offline: bool

    @property
    def location(self) -> str:
        """``owner/name@commit``, for messages and provenance."""
        return f"{self.repo}@{self.revision}"

    @cached_property
    def layout(self) -> Layout:
        """The configs and splits of the commit; fetches the README if the cache lacks it.

        Raises:
            DataError: The README is not as the hub defines it.
            HubError: The README could not be fetched.
            MissingDataError: Offline, and the cache lacks the README.
        """
        text = self.fetch(README).read_text(encoding="utf-8", errors="replace") if README in self.files else None
        return repository_layout(self.files, text, self.location)

    def origin(self, names: Sequence[str]) -> Literal["cache", "hub"]:
        """Where these files would come from now: ``cache`` if all of them lie there."""
        return "cache" if all(self._cached(name) for name in names) else "hub"

    def fetch(self, name: str) -> Path:
        """The local path of one file, downloaded first if the cache lacks it.

        Raises:
            HubError: The hub refused, failed or broke off; what was fetched whole stays in the cache.
            MissingDataError: Offline, and the cache lacks the file.
            StorageError: The cache cannot be written.
        """
        cached = self._cached(inside(name, self.location))
        if cached is not None:
            return cached
        if self.offline:
            raise MissingDataError(
                f"'{name}' is not in the cache {cache_folder(self.repo)}; run once without --offline to fetch it, "
                "or give a mirror folder with --data DIR",
                file=self.location,
            )
        return self._download(name)

    def _cached(self, name: str) -> Path | None:
        # A look at the file system only. hf_hub_download(local_files_only=True) is not: it may ask the hub for a
        # list of agents while it builds its request headers.
        from huggingface_hub import try_to_load_from_cache

        path = try_to_load_from_cache(self.repo, name, repo_type="dataset", revision=self.revision)
        return Path(path) if isinstance(path, str) else None

    def _download(self, name: str) -> Path:
        from huggingface_hub import hf_hub_download

        quiet()
        with explained(self.repo, self.revision):
            path = retried(lambda: hf_hub_download(self.repo, name, repo_type="dataset", revision=self.revision))
        return Path(path)


def find_on_hub(repo: str, revision: str | None, *, offline: bool) -> HubRepository | None:
    """A data set at a revision, from the cache if that suffices, else from the hub.

    A commit whose list of files was fetched once needs no request any more. A branch or tag (None: ``main``) is
    asked for every time, except offline.

    Args:
        repo: ``owner/name``.
        revision: Commit, tag or branch.
        offline: Make no connection.

    Returns:
        The repository, or None if offline and the cache has nothing of it at this revision.

    Raises:
        HubError: No such data set or revision, no access, or the hub failed.
        StorageError: The cache cannot be written.
    """
    if offline or _is_offline():
        known = _recorded(repo, revision) or _snapshot(repo, revision)
        return None if known is None else HubRepository(repo, *known, offline=True)
    known = _recorded(repo, revision) if _is_commit(revision) else None
    return HubRepository(repo, *(known or _ask(repo, revision)), offline=False)


def go_offline() -> None:
    """Keep huggingface_hub, datasets and transformers from making connections, for the rest of this process.

    Their environment variables are read when they are imported, so where that has happened already the constants
    they keep are set as well.
    """
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ[name] = "1"
    for module, constants in _OFFLINE_CONSTANTS.items():
        for constant in constants:
            if hasattr(sys.modules.get(module), constant):
                setattr(sys.modules[module], constant, True)


_OFFLINE_CONSTANTS = {
    "huggingface_hub.constants": ["HF_HUB_OFFLINE"],
    "datasets.config": ["HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"],
    "transformers.utils.hub": ["_is_offline_mode"],
}


def quiet() -> None:
    """Silence the progress bars and the advice of huggingface_hub, unless its own variables ask for them.

    What it says of requests stays: that it waits, which may be minutes where the hub limits their rate.
    """
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    if "HF_HUB_DISABLE_PROGRESS_BARS" not in os.environ:
        disable_progress_bars()
    if "HF_HUB_VERBOSITY" not in os.environ and "HF_DEBUG" not in os.environ:
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        logging.getLogger("huggingface_hub.utils._http").setLevel(logging.WARNING)


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _is_commit(revision: str | None) -> bool:
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def cache_folder(repo: str) -> Path:
    """The folder of the cache that holds, or would hold, this data set."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"datasets--{repo.replace('/', '--')}"


def _ask(repo: str, revision: str | None) -> tuple[str, tuple[str, ...]]:
    from huggingface_hub import HfApi

    quiet()
    with explained(repo, revision):
        info = retried(lambda: HfApi().dataset_info(repo, revision=revision, timeout=_ANSWER_SECONDS))
        commit = str(info.sha)
        files = tuple(sorted(sibling.rfilename for sibling in info.siblings or ()))
    for name in {commit, revision or "main"}:
        # A cache that may only be read serves all the same; it is asked for the list again next time.
        with contextlib.suppress(OSError):
            _record(repo, name, commit, files)
    return commit, files


# The list of files of a commit, kept beside the files: without it a cache that holds two of three files that a
# pattern of the README matches looks complete.


def _record_file(repo: str, revision: str | None) -> Path:
    return cache_folder(repo) / "toolbench_eval" / f"{quote(revision or 'main', safe='')}.json"


def _record(repo: str, revision: str, commit: str, files: Sequence[str]) -> None:
    path = _record_file(repo, revision)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8") as stream:
        json.dump({"commit": commit, "files": files}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    Path(stream.name).replace(path)


def _recorded(repo: str, revision: str | None) -> tuple[str, tuple[str, ...]] | None:
    path = _record_file(repo, revision)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record["commit"], tuple(record["files"])
    except (OSError, ValueError, KeyError):
        return None  # absent, or not ours: ask again


def _snapshot(repo: str, revision: str | None) -> tuple[str, tuple[str, ...]] | None:
    """What another program (`hf download`, `datasets`) left in the cache; only as complete as that left it."""
    folder = cache_folder(repo)
    ref = folder / "refs" / (revision or "main")
    commit = ref.read_text(encoding="utf-8").strip() if ref.is_file() else revision or ""
    snapshot = folder / "snapshots" / commit
    if not commit or not snapshot.is_dir():
        return None
    return commit, tuple(sorted(p.relative_to(snapshot).as_posix() for p in snapshot.rglob("*") if p.is_file()))
