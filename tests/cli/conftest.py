"""A model of one's own whose searches are counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import ROOT, environment


@pytest.fixture
def slow_model(tmp_path: Path) -> dict[str, str]:
    """The environment in which `--tasks-dir mine` has the model `slow` (see `support.slow_model`)."""
    card = tmp_path / "mine/models/slow.toml"
    card.parent.mkdir(parents=True)
    card.write_text('name = "slow"\nfamily = "support.slow_model:make"\n')
    return environment(PYTHONPATH=str(ROOT / "tests"), SLOW_LOG=str(tmp_path / "slow.log"), HF_HOME=str(tmp_path))
