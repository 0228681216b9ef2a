"""Where the harness keeps what it computed."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_root() -> Path:
    """`EVALHARNESS_CACHE`, or `evalharness` in the user's cache folder of the platform."""
    chosen = os.environ.get("EVALHARNESS_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "evalharness"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalharness"


def embeddings_root() -> Path:
    """The folder of all vector spaces, one subfolder each."""
    return cache_root() / "embeddings"
