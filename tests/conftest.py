"""Fixtures for all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hub_server import HubServer

# Tests neither use nor fill the cache of whoever runs them; each process of pytest-xdist has its own.
CACHE = tempfile.TemporaryDirectory(prefix="evalharness-tests-")
os.environ["EVALHARNESS_CACHE"] = CACHE.name


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    """A stand-in for the hub that serves ``hub.root``, empty at first; ``hub.env(home)`` points a process at it."""
    root = tmp_path / "hub"
    root.mkdir()
    with HubServer(root) as server:
        yield server
