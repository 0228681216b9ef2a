"""A board with real entries, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.forging import Forger, submitted

import toolbench_eval


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of BM25, TF-IDF and the oracle on the sample, without instruction: one folder each."""
    folder = tmp_path_factory.mktemp("results")
    for model in ("bm25", "tfidf", "oracle"):
        toolbench_eval.evaluate("sample", model, out=folder / model, instruction="without", offline=True)
    return folder


@pytest.fixture(scope="session")
def made_board(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board with BM25 and TF-IDF; not to be changed."""
    board = tmp_path_factory.mktemp("boards") / "sample" / "1"
    for model in ("bm25", "tfidf"):
        submitted(results / model, board)
    return board


@pytest.fixture
def board(made_board: Path, tmp_path: Path) -> Path:
    """A board to do with as one likes."""
    return Path(shutil.copytree(made_board, tmp_path / "board"))


@pytest.fixture
def forger(board: Path) -> Forger:
    """A forger at work on BM25's entry."""
    return Forger(next(board.glob("bm25-without-*")))
