"""A mirror of the hub: a folder with ``<owner>/<name>/...`` for each data set.

The files are read as they are. Nothing goes through the ``datasets`` library, which keeps what it read from a
local folder under the folder's name and README alone, and so serves one folder for another (see tests/data).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from toolbench_eval.data.layout import README, Layout, inside, repository_layout
from toolbench_eval.errors import DataError, MissingDataError


@dataclass(frozen=True)
class MirrorRepository:
    """One data set in a mirror folder.

    Attributes:
        folder: ``<mirror>/<owner>/<name>``.
    """

    folder: Path

    @property
    def location(self) -> str:
        """The folder, for messages and provenance."""
        return str(self.folder)

    @property
    def revision(self) -> None:
        """A mirror does not say which revision it holds."""
        return

    @cached_property
    def layout(self) -> Layout:
        """The configs and splits in the folder.

        Raises:
            DataError: The README is not as the hub defines it.
        """
        readme = self.folder / README
        text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else None
        return repository_layout(_files_below(self.folder), text, self.location)

    def origin(self, _names: Sequence[str]) -> Literal["mirror"]:
        """Where these files come from."""
        return "mirror"

    def fetch(self, name: str) -> Path:
        """The path of one file.

        Raises:
            DataError: The path, or the link it names, leads out of the folder.
        """
        path = self.folder / inside(name, self.location)
        if not path.resolve().is_relative_to(self.folder.resolve()):
            message = f"'{name}' is a link that leaves the folder; put the file itself there"
            raise DataError(message, file=self.folder)
        return path


def find_in_mirror(mirror: Path, repo: str) -> MirrorRepository | None:
    """The mirror's copy of a data set, or None if it has none.

    Args:
        mirror: The mirror's folder.
        repo: ``owner/name``.

    Raises:
        MissingDataError: There is no such mirror folder.
    """
    if not mirror.is_dir():
        raise MissingDataError("the mirror folder does not exist; check --data (or EVALHARNESS_DATA)", file=mirror)
    folder = mirror / repo
    return MirrorRepository(folder) if folder.is_dir() else None


def _files_below(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield (Path(parent) / name).relative_to(folder).as_posix()
