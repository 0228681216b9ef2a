"""Where the data that ships with the project lies: one resolver for checkout, editable install and wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from toolbench_eval.errors import StorageError

PACKAGE = Path(__file__).parent


def shipped(kind: Literal["tasks", "corpora", "leaderboards", "studies"]) -> Path:
    """The folder of the shipped suites, corpora, boards or studies.

    A wheel carries them inside the package; a checkout (and so an editable install) has them
    beside it.

    Raises:
        StorageError: Neither place has the folder, so the installation is broken.
    """
    for folder in (PACKAGE / "shipped" / kind, PACKAGE.parent / kind):
        if folder.is_dir():
            return folder
    raise StorageError(f"the folder '{kind}' that ships with toolbench_eval is missing: reinstall the package")
