"""A board with entries of agents, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.forging import submitted
from support.forging_agents import AgentForger, solved


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of an agent that searches and of one that does not."""
    folder = tmp_path_factory.mktemp("agents")
    for agent in ("rag", "direct"):
        solved(folder / agent, agent)
    return folder


@pytest.fixture(scope="session")
def made_board(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board with both; not to be changed."""
    board = tmp_path_factory.mktemp("agent-boards") / "sample-mhqa" / "1"
    for agent in ("rag", "direct"):
        submitted(results / agent, board)
    return board


@pytest.fixture
def board(made_board: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_board, tmp_path / "board"))


@pytest.fixture
def forger(board: Path) -> AgentForger:
    return AgentForger(next(board.glob("rag_*")))
