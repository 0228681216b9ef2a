"""The folder of real data, and a skip with a reason where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The ``data`` folder of ``EVALHARNESS_SHARED``, or of ``../shared`` beside the checkout."""
    data = Path(os.environ.get("EVALHARNESS_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not data.is_dir():
        pytest.skip(f"no real data: {data} is no folder (set EVALHARNESS_SHARED)")
    return data


@pytest.fixture(scope="session")
def agents(shared_data: Path) -> Path:
    """The folder of data of tool agents."""
    folder = shared_data / "agents"
    if not folder.is_dir():
        pytest.skip(f"no data of tool agents: {folder} is no folder")
    return folder
