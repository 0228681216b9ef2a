"""A fixture: a model of one's own whose searches are counted. Tests import it by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import ROOT, environment


def slow_environment(folder: Path) -> dict[str, str]:
    """Make a card for the model `slow` in `folder/mine` (see `support.slow_model`); returns the environment."""
    card = folder / "mine/models/slow.toml"
    card.parent.mkdir(parents=True)
    card.write_text('name = "slow"\nfamily = "support.slow_model:make"\n')
    return environment(PYTHONPATH=str(ROOT / "tests"), SLOW_LOG=str(folder / "slow.log"), HF_HOME=str(folder))


@pytest.fixture
def slow_model(tmp_path: Path) -> dict[str, str]:
    """The environment in which `--tasks-dir mine` has the model `slow`."""
    return slow_environment(tmp_path)
