"""What lies in caches: data sets and models of the hub, vectors, answers, and unfinished results."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from toolbench_eval.errors import StorageError, UnknownNameError
from toolbench_eval.location import cache_root, embeddings_root


@dataclass(frozen=True)
class Entry:
    """One thing that can be removed.

    Attributes:
        kind: `dataset`, `model`, `embeddings`, `answers` or `unfinished`.
        name: Its name, e.g. `owner/name`.
        size: Bytes on the disk.
        path: Where it is.
    """

    kind: str
    name: str
    size: int
    path: Path


def entries(out: Path) -> list[Entry]:
    """Everything that is cached, and the unfinished results below a folder."""
    unfinished = sorted(out.rglob("*.partial")) if out.is_dir() else []
    work = [Entry("unfinished", str(path.relative_to(out)), _size(path), path) for path in unfinished]
    return [*_hub_entries(), *_own_entries(), *work]


def chosen(names: list[str], out: Path) -> list[Entry]:
    """The entries that names or kinds stand for.

    Raises:
        UnknownNameError: A name fits no entry.
    """
    known = entries(out)
    for name in names:
        if not any(name in (entry.kind, entry.name) for entry in known):
            raise UnknownNameError(
                "cache entry", name, [entry.name for entry in known], "See 'evalharness cache list'."
            )
    return [entry for entry in known if entry.kind in names or entry.name in names]


def remove(entry: Entry) -> None:
    """Delete an entry.

    Raises:
        StorageError: The disk refused.
    """
    try:
        if entry.kind == "answers":
            for part in _database(entry.path):
                part.unlink()
        else:
            shutil.rmtree(entry.path)
    except OSError as error:
        raise StorageError(f"cannot remove {entry.path}: {error.strerror}") from error


def _hub_entries() -> list[Entry]:
    from huggingface_hub import CacheNotFound, scan_cache_dir

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return []
    known = [repo for repo in repositories if repo.repo_type in ("dataset", "model")]
    return [
        Entry(repo.repo_type, repo.repo_id, repo.size_on_disk, repo.repo_path)
        for repo in sorted(known, key=lambda r: r.repo_id)
    ]


def _own_entries() -> list[Entry]:
    """Vectors, one folder for each model and setting; and answers of rerankers and endpoints."""
    spaces = sorted(path for path in embeddings_root().glob("*") if path.is_dir())
    answers = sorted(cache_root().glob("*.sqlite"))
    return [Entry("embeddings", path.name, _size(path), path) for path in spaces] + [
        Entry("answers", path.stem, sum(part.stat().st_size for part in _database(path)), path) for path in answers
    ]


def _database(path: Path) -> list[Path]:
    """A database and the files that sqlite keeps beside it."""
    return sorted(path.parent.glob(f"{path.name}*"))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
