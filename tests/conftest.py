"""Fixtures for all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.hub_server import HubServer

# Tests neither use nor fill the cache of whoever runs them; each process of pytest-xdist has its own.
CACHE = tempfile.TemporaryDirectory(prefix="evalharness-tests-")
os.environ["EVALHARNESS_CACHE"] = CACHE.name

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of the many processes compiles the package again
if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: threads of each would only wait for one another
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(threads, "1")

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    """A stand-in for the hub that serves ``hub.root``, empty at first; ``hub.env(home)`` points a process at it."""
    root = tmp_path / "hub"
    root.mkdir()
    with HubServer(root) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    api = pytest.importorskip("playwright.sync_api", reason="looking at the page needs playwright (extra dev)")
    if not CHROMIUM.exists():
        pytest.skip(f"looking at the page needs {CHROMIUM} (apt-get install chromium)")
    with api.sync_playwright() as player:
        started = player.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES.split())
        yield started
        started.close()
