"""Lucene itself against bm25s over Lucene's own words. Needs an interpreter with pyserini and Java."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compared() -> dict[str, dict[str, float]]:
    """Both sides' scores, from `EVALHARNESS_LUCENE_PYTHON` or from this interpreter."""
    python = os.environ.get("EVALHARNESS_LUCENE_PYTHON") or (sys.executable if find_spec("pyserini") else None)
    if python is None:
        pytest.skip("no pyserini here: set EVALHARNESS_LUCENE_PYTHON to an interpreter that has it, and Java")
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"}
    told = subprocess.run(
        [python, "-m", "support.lucene_side"], capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert told.returncode == 0, told.stderr[-2000:]
    found: dict[str, dict[str, float]] = json.loads(told.stdout)  # nothing but the JSON on stdout: Anserini is silent
    return found


def test_scores_of_short_documents_are_bm25s_scores(compared: dict[str, dict[str, float]]) -> None:
    """Up to 40 words Lucene stores the length exactly; Anserini then lowers the nth of equal scores by n millionths."""
    short = compared["short"]
    assert short["documents"] == 405
    assert short["longest"] <= 40
    assert short["highest"] > 5
    assert short["largest_difference"] < short["documents"] * 1e-6
    assert short["same_zeros"]
    assert short["top10_overlap"] == 1.0


def test_long_documents_differ_by_the_rounded_length_only(compared: dict[str, dict[str, float]]) -> None:
    sample = compared["sample"]
    assert sample["same_zeros"]
    assert sample["largest_difference"] < 0.02 * sample["highest"]
    assert sample["top10_overlap"] > 0.98
