"""All values published in the README of ACORDAR: mean over its five folds of the mean over a fold's queries."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from toolbench_eval.metrics.score import score_run
from toolbench_eval.ranking.trec import read_qrels, read_run

pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", ["run.TF-IDF.txt", "run.BM25F.txt"])
def test_published_values(shared_data, name):
    folder = shared_data / "trec" / "acordar"
    with (folder / "expected.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["run"] == name]
    run = read_run(folder / name)
    folds = [read_qrels(folder / f"fold{number}.test.qrels.txt") for number in range(5)]
    scores = [score_run(run, qrels, [row["measure"] for row in rows]) for qrels in folds]
    for row in rows:
        got = np.mean([fold.mean(row["measure"]) for fold in scores])
        assert f"{got:.4f}" == row["value"], row
        assert [fold.mean(row["trec_eval_measure"]) for fold in scores] == [
            fold.mean(row["measure"]) for fold in scores
        ]
    assert len(rows) == 4


def test_folds_are_the_judgments_in_parts(shared_data):
    folder = shared_data / "trec" / "acordar"
    whole = read_qrels(folder / "qrels.txt")
    folds = [read_qrels(folder / f"fold{number}.test.qrels.txt") for number in range(5)]
    assert sorted(query for fold in folds for query in fold.query_ids.to_pylist()) == sorted(
        whole.query_ids.to_pylist()
    )
    assert sum(len(fold.documents) for fold in folds) == len(whole.documents)
