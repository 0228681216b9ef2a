"""Switches under which the order of a corpus counts: what else is run makes no difference then either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolbench_eval import as_model, evaluate
from toolbench_eval.retrievers.bm25 import BM25

SUITE = """
name = "mirrored"
version = "1"
metrics = ["nDCG@10", "RR"]
depth = 100
headline.metric = "RR"
headline.aggregate = "task_macro"
unit = "task"
[hub]
repo = "own/queries"
config = "{task}"
[hub.documents]
repo = "own/docs"
[[tasks]]
task = "forwards"
[[tasks]]
task = "backwards"
"""
DOCUMENTS = [{"id": f"d{at}", "text": text} for at, text in enumerate(["river", "river", "stone", "river", "stone"])]
LABELS = {"river": "d0", "stone": "d4"}
"""Of equal documents the outermost one is right: first in one order, last in the other."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mirrored")
    (root / "suite.toml").write_text(SUITE)
    queries = [
        {"id": word, "query": word, "labels": [{"id": document, "relevance": 1}]} for word, document in LABELS.items()
    ]
    write_task(root, "forwards", queries, DOCUMENTS)
    write_task(root, "backwards", queries, DOCUMENTS[::-1])
    return root


def write_task(root: Path, task: str, queries: list[dict[str, Any]], documents: list[dict[str, Any]]) -> None:
    for kind, rows in (("queries", queries), ("docs", documents)):
        folder = root / "mirror/own" / kind / task
        folder.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{kind}-00000-of-00001.parquet")


def scores(place: Path, out: Path, task: str, switches: dict[str, str]) -> dict[str, dict[str, float]]:
    found = evaluate(task, "bm25", data=place / "mirror", tasks_dir=place, out=out, switches=switches)[0]
    return {name: one.scores for name, one in found.tasks.items()}


@pytest.mark.parametrize("switches", [{}, {"ties": "stable"}, {"small_corpora": "reference"}], ids=str)
def test_a_task_scores_the_same_alone_and_with_others(place: Path, tmp_path: Path, switches: dict[str, str]):
    together = scores(place, tmp_path / "all", "mirrored", switches)
    alone = [scores(place, tmp_path / task, f"mirrored/{task}", switches) for task in ("forwards", "backwards")]
    assert together == alone[0] | alone[1]
    assert (together["mirrored/forwards"] == together["mirrored/backwards"]) == (switches == {})


def test_ties_by_hand(place: Path, tmp_path: Path):
    """River: d0 d1 d3 or d3 d1 d0; stone: d2 d4 or d4 d2."""
    stable = scores(place, tmp_path, "mirrored", {"ties": "stable"})
    assert stable["mirrored/forwards"]["RR"] == pytest.approx((1 + 1 / 2) / 2)
    assert stable["mirrored/backwards"]["RR"] == pytest.approx((1 / 3 + 1) / 2)


@pytest.mark.parametrize(("switches", "times"), [({}, 1), ({"ties": "stable"}, 2)])
def test_by_default_equal_documents_are_indexed_once(place: Path, tmp_path: Path, switches: dict[str, str], times: int):
    indexed: list[str] = []

    class Counting(BM25):
        def index(self, corpus):
            indexed.append(corpus.fingerprint)
            super().index(corpus)

    model = as_model("counting", Counting())
    evaluate("mirrored", model, data=place / "mirror", tasks_dir=place, out=tmp_path, switches=switches)
    assert (len(indexed), len(set(indexed))) == (times, 1)


def test_a_finished_result_is_not_taken_for_one_of_another_order(place: Path, tmp_path: Path):
    """Under such a switch the same documents in another order are other data."""
    found = {}
    for task, documents in (("a", DOCUMENTS), ("b", DOCUMENTS[::-1])):
        root = tmp_path / task
        root.mkdir()
        (root / "suite.toml").write_text(SUITE.replace('[[tasks]]\ntask = "backwards"\n', ""))
        queries = [
            {"id": word, "query": word, "labels": [{"id": right, "relevance": 1}]} for word, right in LABELS.items()
        ]
        write_task(root, "forwards", queries, documents)
        found[task] = scores(root, tmp_path / "out", "mirrored", {"ties": "stable"})["mirrored/forwards"]
    assert found["a"] != found["b"]
