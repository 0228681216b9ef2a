"""Suites of MAIR's shape: several query splits a task, each searched in its own documents."""

from __future__ import annotations

import json
from pathlib import Path

import bm25s
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytrec_eval

from toolbench_eval import evaluate
from toolbench_eval.api import as_model
from toolbench_eval.results.rescore import rescore, stored_run
from toolbench_eval.results.store import find_result
from toolbench_eval.retrievers.bm25 import BM25

SUITE = """
name = "many"
version = "1"
metrics = ["nDCG@10", "R@10"]
depth = 100
instruction = "both"
unit = "task"
group = "domain"
tolerate = ["duplicate-documents", "duplicate-queries", "empty-labels"]
[headline]
metric = "nDCG@10"
aggregate = "task_macro"
[hub]
repo = "own/queries"
config = "{task}"
split = "*queries"
[hub.documents]
repo = "own/docs"
config = "{task}"
[columns]
id = "qid"
grade = "score"
[document_columns]
id = "id"
text = "doc"
[[tasks]]
task = "Two"
category = "A"
subcategory = "x"
splits = 2
[[tasks]]
task = "Twin"
category = "A"
subcategory = "y"
splits = 1
[[tasks]]
task = "Groups"
category = "B"
splits = 3
"""

WORDS = ["river", "stone", "cloud", "tree", "light", "sand", "wind", "leaf"]


def texts(seed: int, n: int, length: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, length)) for _ in range(n)]


def split(seed: int, n_docs: int, n_queries: int) -> tuple[list[dict], list[dict]]:
    docs = [{"id": str(at), "doc": text} for at, text in enumerate(texts(seed, n_docs, 6))]
    rng = np.random.default_rng(seed + 1)
    queries = [
        {
            "qid": str(at),
            "instruction": WORDS[(at + seed) % len(WORDS)],
            "query": text,
            "labels": [{"id": str(doc), "score": int(rng.integers(1, 4))} for doc in rng.choice(n_docs, 3, False)],
        }
        for at, text in enumerate(texts(seed + 2, n_queries, 2))
    ]
    return docs, queries


SPLITS = {
    "Two": {"one_": split(1, 120, 9), "two_": split(2, 40, 5)},
    "Twin": {"": split(1, 120, 9)},
    "Groups": {"g__a_1_": split(5, 12, 4), "g__b_2_": split(6, 15, 4), "h__a_1_": split(7, 9, 3)},
}


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("many")
    (root / "tasks").mkdir()
    (root / "tasks" / "suite.toml").write_text(SUITE)
    for task, parts in SPLITS.items():
        for name, (docs, queries) in parts.items():
            for kind, rows in (("queries", queries), ("docs", docs)):
                folder = root / "mirror" / "own" / kind / task
                folder.mkdir(parents=True, exist_ok=True)
                pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}{kind}-00000-of-00001.parquet")
    return root / "tasks", root / "mirror"


@pytest.fixture(scope="module")
def results(places, tmp_path_factory):
    tasks, mirror = places
    out = tmp_path_factory.mktemp("out")
    found = evaluate("many", "bm25", data=mirror, tasks_dir=tasks, out=out)
    return {result.task_setting["instruction"]: result for result in found}, out


def independent(docs: list[dict], queries: list[dict], *, with_instruction: bool) -> dict[str, float]:
    """nDCG@10 of each query: plain bm25s scores in the split's own documents, ranked and scored by trec_eval."""
    index = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
    index.index(bm25s.tokenize([doc["doc"] for doc in docs], stopwords="en", show_progress=False), show_progress=False)
    run = {}
    for query in queries:
        text = f"{query['instruction']} {query['query']}" if with_instruction else query["query"]
        tokens = bm25s.tokenize([text], stopwords="en", return_ids=False, show_progress=False)[0]
        scores = index.get_scores(tokens)
        run[query["qid"]] = {doc["id"]: float(score) for doc, score in zip(docs, scores, strict=True)}
    qrels = {query["qid"]: {label["id"]: label["score"] for label in query["labels"]} for query in queries}
    evaluated = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10"}).evaluate(run)
    return {qid: values["ndcg_cut_10"] for qid, values in evaluated.items()}


@pytest.mark.parametrize("setting", ["with", "without"])
@pytest.mark.parametrize("task", list(SPLITS))
def test_each_split_is_searched_in_its_own_documents(results, task, setting):
    found, _ = results
    expected = [
        value
        for docs, queries in SPLITS[task].values()
        for value in independent(docs, queries, with_instruction=setting == "with").values()
    ]
    assert found[setting].tasks[f"many/{task}"].scores["nDCG@10"] == pytest.approx(np.mean(expected), abs=1e-9)


def test_a_pooled_search_would_score_differently(results):
    docs = [
        {"id": f"{name}{doc['id']}", "doc": doc["doc"]} for name, (docs, _) in SPLITS["Two"].items() for doc in docs
    ]
    queries = [
        {
            **query,
            "qid": f"{name}{query['qid']}",
            "labels": [{**one, "id": f"{name}{one['id']}"} for one in query["labels"]],
        }
        for name, (_, queries) in SPLITS["Two"].items()
        for query in queries
    ]
    pooled = np.mean(list(independent(docs, queries, with_instruction=False).values()))
    assert abs(pooled - results[0]["without"].tasks["many/Two"].scores["nDCG@10"]) > 0.01


def test_averages_by_name(results):
    result = results[0]["without"]
    score = {name.removeprefix("many/"): task.scores["nDCG@10"] for name, task in result.tasks.items()}
    sizes = {"Two": 14, "Twin": 9, "Groups": 11}
    domain_a = (score["Two"] + score["Twin"]) / 2
    assert result.aggregates["task_macro"]["nDCG@10"] == pytest.approx(np.mean(list(score.values())))
    assert result.aggregates["domain_macro"]["nDCG@10"] == pytest.approx((domain_a + score["Groups"]) / 2)
    assert result.aggregates["by_domain"]["A"]["nDCG@10"] == pytest.approx(domain_a)
    micro = sum(score[name] * size for name, size in sizes.items()) / sum(sizes.values())
    assert result.aggregates["micro"]["nDCG@10"] == pytest.approx(micro)
    assert result.headline.aggregate == "task_macro"
    assert not result.partial


def test_groups_of_splits_are_subtasks(results):
    task = results[0]["without"].tasks["many/Groups"]
    values = [
        list(independent(docs, queries, with_instruction=False).values()) for docs, queries in SPLITS["Groups"].values()
    ]
    assert task.subtasks["g"]["nDCG@10"] == pytest.approx(np.mean(values[0] + values[1]))
    assert task.subtasks["h"]["nDCG@10"] == pytest.approx(np.mean(values[2]))


def test_equal_corpora_are_indexed_once_whatever_their_names(places, tmp_path):
    tasks, mirror = places
    indexed = []

    class Counting(BM25):
        def index(self, corpus):
            indexed.append(corpus.fingerprint)
            super().index(corpus)

    evaluate("many", as_model("counting", Counting()), data=mirror, tasks_dir=tasks, out=tmp_path)
    assert len(indexed) == len(set(indexed)) == 5  # six splits, Twin's documents are those of Two's first split


def test_stored_runs_rescore_without_data(results):
    _, out = results
    path = find_result(out, instruction="with")
    again = rescore(path)
    assert again.identity == json.loads(path.read_text())["identity"]
    run, qrels = stored_run(again.tasks["many/Two"], path.parent)
    assert len(run) == len(qrels) == 14
    assert run.depth == 100
    assert sorted(set(run.lengths.tolist())) == [40, 100]  # the small split has 40 documents


@pytest.mark.parametrize(("pattern", "tasks"), [("many:A", 2), ("many:A/y", 1), ("many/T*", 2), ("many/Groups", 1)])
def test_tasks_are_chosen_by_domain_subdomain_and_glob(places, tmp_path, pattern, tasks):
    folder, mirror = places
    result = evaluate(pattern, "random", data=mirror, tasks_dir=folder, out=tmp_path, instruction="without")[0]
    assert len(result.tasks) == tasks
    assert result.partial


def test_oddities_are_mended_and_reported(tmp_path, caplog):
    docs, queries = split(3, 8, 3)
    docs.append({"id": "0", "doc": "another text under an id that is taken"})
    queries += [{**queries[0], "query": "leaf"}, {**queries[1], "qid": "9", "labels": []}]
    for kind, rows in (("queries", queries), ("docs", docs)):
        folder = tmp_path / "mirror" / "own" / kind / "Odd"
        folder.mkdir(parents=True)
        schema = pa.schema(
            [
                *((name, pa.string()) for name in ("qid", "instruction", "query")),
                ("labels", pa.list_(pa.struct([("id", pa.string()), ("score", pa.int64())]))),
            ]
        )
        table = pa.Table.from_pylist(rows, schema=schema if kind == "queries" else None)
        pq.write_table(table, folder / f"{kind}-00000-of-00001.parquet")
    (tmp_path / "suite.toml").write_text(SUITE.split("[[tasks]]", maxsplit=1)[0] + '[[tasks]]\ntask = "Odd"\n')
    result = evaluate("many", "bm25", data=tmp_path / "mirror", tasks_dir=tmp_path, out=tmp_path / "out")[0]
    assert result.tasks["many/Odd"].queries == 4  # the one without labels is left out, the repeated one renamed
    assert "1 queries without a label" in caplog.text
    assert "twice" in caplog.text
