"""A server to ask, and a cache of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.endpoint import EndpointServer

from toolbench_eval.llms.endpoint import Patience

QUICK = Patience(attempts=3, timeout=1.0, total=5.0, first_pause=0.01, longest_pause=0.02)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or left in the user's cache; nothing goes through a proxy."""
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    """A stand-in that repeats the last message."""
    with EndpointServer() as running:
        yield running


@pytest.fixture
def quick() -> Patience:
    """Bounds that a test can wait for."""
    return QUICK
