"""`evalharness export`: the files it names are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import evalharness


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    assert evalharness("run", "--task", "sample", "--model", "bm25", cwd=folder).returncode == 0
    return folder


@pytest.mark.parametrize(("to", "files"), [("trec", 16), ("mteb", 2), ("model-index", 1)])
def test_every_format(place, to, files):
    done = evalharness("export", "results", "--instruction", "with", "--to", to, cwd=place)
    assert done.returncode == 0, done.stderr
    written = done.stdout.splitlines()
    assert len(written) == files
    assert all((place / name).is_file() for name in written)
    assert all(name.startswith(f"export/{to}/") for name in written)


def test_our_own_score_reads_what_was_exported(place):
    evalharness("export", "results", "--instruction", "without", "--to", "trec", "--out", "t", cwd=place)
    score = ("score", "t/qrels/trips.qrels", "t/runs/trips.run", "nDCG@10 R@100")
    done = evalharness(*score, cwd=place)
    assert done.stdout == "nDCG@10\t0.3839\nR@100\t0.7917\n"


def test_unknown_formats_and_results(place):
    assert evalharness("export", "results", "--to", "pdf", cwd=place).returncode == 2
    assert evalharness("export", "results", "--to", "trec", cwd=place).returncode == 2  # two settings
    assert evalharness("export", "gone", "--to", "trec", cwd=place).returncode == 2
