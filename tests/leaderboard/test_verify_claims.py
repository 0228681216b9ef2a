"""`verify` finds forged claims of a result, also where the forger made every hash fit again."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from support.forging import FILE, TASK, faults, task

CLAIMS = {
    "score": (lambda r: task(r)["scores"].update({"nDCG@10": 0.99}), "tasks.sample/trips.scores.nDCG@10"),
    "small": (
        lambda r: task(r)["scores"].update({"nDCG@10": task(r)["scores"]["nDCG@10"] + 1e-5}),
        "tasks.sample/trips.scores.nDCG@10",
    ),
    "average": (lambda r: r["aggregates"]["category_macro"].update({"R@10": 1.0}), "aggregates.category_macro.R@10"),
    "category average": (
        lambda r: r["aggregates"]["by_category"]["web"].update({"R@10": 1.0}),
        "aggregates.by_category.web.R@10",
    ),
    "another average": (lambda r: r["aggregates"].update({"mine": {"R@10": 1.0}}), "aggregates.mine"),
    "headline": (lambda r: r["headline"].update({"value": 0.9}), "headline.value"),
    "interval": (lambda r: r["headline"].update({"ci95": [0.36, 0.38]}), "headline.ci95"),
    "aggregate": (lambda r: r["headline"].update({"aggregate": "micro"}), "headline.aggregate"),
    "measure": (lambda r: r["headline"].update({"metric": "R@100"}), "headline.metric"),
    "category": (lambda r: task(r).update({"category": "code"}), "tasks.sample/trips.category"),
    "queries": (lambda r: task(r).update({"queries": 23}), "tasks.sample/trips.queries"),
    "failed": (lambda r: task(r).update({"failed": 3}), "tasks.sample/trips.failed"),
    "home": (lambda r: task(r).update({"home": {"p-MRR": 1.0}}), "tasks.sample/trips.home"),
    "subtasks": (lambda r: task(r).update({"subtasks": {"a": {"R@10": 1.0}}}), "tasks.sample/trips.subtasks"),
    "digest": (lambda r: task(r).update({"run_digest": "0" * 64}), "tasks.sample/trips.run_digest"),
    "qrels": (lambda r: task(r).update({"qrels_fingerprint": "0" * 64}), "tasks.sample/trips.qrels_fingerprint"),
    "corpus": (lambda r: task(r).update({"corpus_fingerprint": "0" * 64}), "tasks.sample/trips.corpus_fingerprint"),
    "dropped task": (lambda r: r["tasks"].pop(TASK), "tasks.sample/trips: is missing"),
    "unknown task": (
        lambda r: r["tasks"].update({"sample/easy": dict(task(r), run_file="runs/easy.parquet")}),
        "tasks.sample/easy: no task of 'sample'",
    ),
    "version": (lambda r: r.update({"suite_version": "2"}), "suite_version"),
    "suite": (lambda r: r.update({"suite": "toolret"}), "suite: says 'toolret'"),
    "partial": (lambda r: r.update({"partial": True}), "partial"),
    "missing": (lambda r: r.update({"missing": ["sample/tunes"]}), "missing"),
    "limit": (lambda r: r["task_setting"].update({"limit": 5}), "task_setting.limit"),
    "deep": (lambda r: r["task_setting"].update({"k": 1000}), "task_setting.k"),
    "shallow": (
        lambda r: r["task_setting"].update({"k": 5}),
        "trips: has 2400 rows; at most 120 are read",
    ),
    "k is true": (lambda r: r["task_setting"].update({"k": True}), "task_setting.k"),
    "seed": (lambda r: r["task_setting"].update({"seed": -1}), "task_setting.seed"),
    "protocol": (lambda r: r["task_setting"].update({"protocol": "mine"}), "task_setting.protocol"),
    "no scope": (lambda r: r["task_setting"].pop("scope"), "task_setting.scope: is missing"),
    "unknown setting": (lambda r: r["task_setting"].update({"boost": 2}), "task_setting.boost"),
    "count": (lambda r: r["counts"][TASK].update({"found": 23, "expected": 23}), "counts.sample/trips"),
    "no count": (lambda r: r["counts"].pop(TASK), "counts.sample/trips"),
    "path up": (lambda r: task(r).update({"run_file": "../../../etc/passwd"}), "run_file: says '../../../etc/passwd'"),
    "absolute": (lambda r: task(r).update({"per_query_file": "/etc/passwd"}), "per_query_file: says '/etc/passwd'"),
    "documents": (lambda r: task(r).update({"documents_file": "documents/../x"}), "documents_file"),
    "extra measure": (lambda r: task(r)["scores"].update({"RR@5": 1.0}), "has other measures than the first task"),
    "card": (lambda r: r["model_setting"].update({"card": "0" * 64}), "cards.json"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_forged_claims_are_found_by_field(board, forger, name):
    change, words = CLAIMS[name]
    forger.forge(change)
    found = faults(board)
    assert any(text.startswith(f"{forger.folder.name}: ") and words in text for text in found), found


@pytest.mark.parametrize("name", ["nDGC@10", "ndcg_cut_10", "nDCG@", "__import__('os')"])
def test_measures_that_are_none(board, forger, name):
    def rename(result):
        for values in result["tasks"].values():
            values["scores"][name] = values["scores"].pop("nDCG@10")

    forger.forge(rename)
    assert any("measure" in text for text in faults(board))


def test_every_score_multiplied_and_averaged_again(board, forger):
    """The scores fit each other, the averages and the per-query file, but not the run."""
    stored = forger.table(f"per_query/{FILE}")
    at = stored.column_names.index("nDCG@10")
    better = pa.array(np.minimum(stored["nDCG@10"].to_numpy() + 0.1, 1.0))
    forger.replace(f"per_query/{FILE}", stored.set_column(at, "nDCG@10", better))

    def claim(result):
        task(result)["scores"]["nDCG@10"] = float(np.mean(better.to_numpy()))
        result["aggregates"]["micro"]["nDCG@10"] += 0.1 * len(better) / 160

    forger.forge(claim)
    found = faults(board)
    assert any("tasks.sample/trips.scores.nDCG@10" in text for text in found)
    assert any("tasks.sample/trips.per_query_file, nDCG@10" in text for text in found)
    assert any("aggregates.micro.nDCG@10" in text for text in found)


def test_an_altered_run_no_longer_gives_the_scores(board, forger):
    run = forger.table(f"runs/{FILE}")
    documents = run["document"].to_numpy().copy()
    queries = run["query"].to_numpy()
    for query in np.unique(queries):
        rows = np.flatnonzero(queries == query)
        documents[rows] = documents[rows][::-1]
    forger.replace(f"runs/{FILE}", run.set_column(1, "document", pa.array(documents)))
    assert any("tasks.sample/trips.scores.nDCG@10" in text for text in faults(board))


def test_a_run_altered_where_no_score_sees_it_differs_from_the_checksums(board, forger):
    """Two documents that are not relevant change places; the forger fixes all hashes but those of the board."""
    sums = (board / "SHA256SUMS").read_text()
    before = forger.folder.name
    run = forger.table(f"runs/{FILE}")
    scores = run["score"].to_numpy().copy()
    scores[run["query"].to_numpy() == 0] += 1
    forger.replace(f"runs/{FILE}", run.set_column(2, "score", pa.array(scores)))
    assert faults(board) == []  # as the documentation says: with the board's own checksums, it is another claim
    (board / "SHA256SUMS").write_text(sums)
    found = faults(board)
    assert any(f"{before}: runs/{FILE}: SHA256SUMS lists it, and it is gone" in text for text in found)
    assert any(f"{forger.folder.name}: runs/{FILE}: SHA256SUMS does not list it" in text for text in found)
