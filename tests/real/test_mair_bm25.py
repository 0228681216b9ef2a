"""MAIR's mirrored tasks with BM25: every split equals an independent computation in its own documents."""

from __future__ import annotations

from functools import cache

import bm25s
import numpy as np
import pyarrow.parquet as pq
import pytest
import pytrec_eval

from toolbench_eval import evaluate

TASKS = (
    "Competition-Math",
    "FinanceBench",
    "FoodAPI",
    "HuggingfaceAPI",
    "HumanEval-X",
    "IFEval",
    "LeetCode",
    "PytorchAPI",
    "SParC",
    "SParC-SQL",
    "SciFact",
    "Spider",
    "Spider-SQL",
    "SpotifyAPI",
    "Stein_Proof",
    "Stein_Reference",
    "ToolBench",
)
"""All that the mirror has."""


@pytest.fixture(scope="module")
def results(shared_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("mair")
    tasks = [f"mair/{task}" for task in TASKS]
    found = evaluate(tasks, "bm25", data=shared_data / "hub", out=out, offline=True)
    return {result.task_setting["instruction"]: result for result in found}


@cache
def indexed(path):
    documents = pq.read_table(path).to_pylist()
    index = bm25s.BM25()
    index.index(
        bm25s.tokenize([row["doc"] for row in documents], stopwords="en", show_progress=False), show_progress=False
    )
    return [row["id"] for row in documents], index


def per_query(shared_data, task: str, *, with_instruction: bool) -> list[float]:
    root = shared_data / "hub" / "MAIR-Bench"
    values = []
    for path in sorted((root / "MAIR-Queries" / task).glob("*.parquet")):
        split = path.name.split("queries-")[0]
        ids, index = indexed(next((root / "MAIR-Docs" / task).glob(f"{split}docs-*.parquet")))
        run, qrels = {}, {}
        for query in pq.read_table(path).to_pylist():
            text = f"{query['instruction']} {query['query']}" if with_instruction else query["query"]
            tokens = bm25s.tokenize([text], stopwords="en", return_ids=False, show_progress=False)[0]
            scores = index.get_scores(tokens)
            run[query["qid"]] = dict(zip(ids, scores.tolist(), strict=True))
            qrels[query["qid"]] = {label["id"]: label["score"] for label in query["labels"]}
        found = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10"}).evaluate(run)
        values += [found[qid]["ndcg_cut_10"] for qid in run]
    return values


@pytest.mark.parametrize("setting", ["with", "without"])
@pytest.mark.parametrize("task", TASKS)
def test_task_scores_equal_an_independent_computation_split_by_split(shared_data, results, task, setting):
    expected = np.mean(per_query(shared_data, task, with_instruction=setting == "with"))
    assert results[setting].tasks[f"mair/{task}"].scores["nDCG@10"] == pytest.approx(expected, abs=1e-9)


def test_ifeval_groups_are_subtasks(results):
    subtasks = results["with"].tasks["mair/IFEval"].subtasks
    assert {"change_case", "keywords", "startend", "punctuation"} <= set(subtasks)
