"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hub_server import HubServer


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    """A stand-in for the hub that serves ``hub.root``, empty at first; ``hub.env(home)`` points a process at it."""
    root = tmp_path / "hub"
    root.mkdir()
    with HubServer(root) as server:
        yield server
