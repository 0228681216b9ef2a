"""Every value that the unit tests of ir_measures assert."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.trec import read_qrels, read_run

pytestmark = pytest.mark.real

ROWS = {
    "trec_NumRet": 12, "trec_Success": 9, "trec_SetR": 9, "trec_SetAP": 9, "trec_nDCG": 6, "gdeval_nDCG": 6, "cwl": 54,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(shared_data) -> Path:
    return shared_data / "trec" / "ir_measures"


@pytest.fixture(scope="module")
def rows(folder) -> list[dict[str, str]]:
    with (folder / "expected.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def ours(case: str, measure: str) -> str:
    """gdeval's nDCG has the exponential gain, which ir_measures writes out only outside of that test."""
    return measure.replace("nDCG@", "nDCG(dcg='exp-log2')@") if case.startswith("gdeval") else measure


def test_no_row_is_forgotten(rows):
    assert Counter(row["case"] for row in rows) == ROWS


@pytest.mark.parametrize("case", ROWS)
def test_values(folder, rows, case):
    rows = [row for row in rows if row["case"] == case]
    run, qrels = read_run(folder / f"{case}.run"), read_qrels(folder / f"{case}.qrels")
    scores = score_run(run, qrels, {ours(case, row["measure"]) for row in rows})
    query_ids = scores.query_ids.to_pylist()
    for row in rows:
        measure = ours(case, row["measure"])
        everything = row["qid"] == "all"
        got = scores.aggregate(measure) if everything else scores.of(measure)[query_ids.index(row["qid"])]
        decimals = len(row["value"].partition(".")[2])
        # Up to four decimals the value is rounded or exact; with more it is cut off (0.76018 for 0.7601875).
        tolerance = 0.5e-4 if decimals <= 4 else 10.0**-decimals
        assert abs(got - float(row["value"])) <= tolerance + 1e-9, row
