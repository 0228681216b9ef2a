"""Independent exact rankings and measures: bm25s' own scores, Python's sort, textbook formulas."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import bm25s
import numpy as np
import pyarrow.parquet as pq

from support.mirrors import Tool
from toolbench_eval.results.schema import Result

Ranking = list[tuple[str, np.float32]]


class ExactBM25:
    """bm25s asked for the score of every document, one query at a time; equal scores by id as bytes, descending."""

    def __init__(self, corpus: Sequence[Tool], ties: str = "trec") -> None:
        self.corpus, self.ties = corpus, ties
        tokens = bm25s.tokenize([tool.documentation for tool in corpus], stopwords="en", show_progress=False)
        self.vocabulary = set(tokens.vocab)
        self.index = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
        self.index.index(tokens, show_progress=False)

    def scores(self, query: str) -> np.ndarray:
        """A score for each document."""
        words = bm25s.tokenize([query], stopwords="en", return_ids=False, show_progress=False)[0]
        known = [word for word in words if word in self.vocabulary]
        if not known and "none" in self.vocabulary:
            known = ["none"]
        if not known:
            return np.zeros(len(self.corpus), dtype=np.float32)
        return self.index.get_scores(known)

    def ranking(self, query: str, k: int) -> Ranking:
        """The k best documents and their scores."""
        scores = self.scores(query)
        assert scores.dtype == np.float32
        places = list(range(len(self.corpus)))
        if self.ties == "trec":
            places.sort(key=lambda at: self.corpus[at].id.encode(), reverse=True)
        places.sort(key=lambda at: -scores[at])
        return [(self.corpus[at].id, scores[at]) for at in places[:k]]


def result_folder(out: Path, result: Result) -> Path:
    """Where a result lies."""
    found = [path for path in out.rglob("result.json") if json.loads(path.read_text())["identity"] == result.identity]
    assert len(found) == 1
    return found[0].parent


def stored_runs(folder: Path, task: Mapping[str, str]) -> dict[str, Ranking]:
    """The ranking of each query as it lies on the disk; read with pyarrow alone.

    Args:
        folder: Folder of the result.
        task: The task's entry in the result.
    """
    documents = pq.read_table(folder / task["documents_file"])["document_id"].to_pylist()
    # Runs number the queries in the order in which the judgments first name them.
    queries = list(dict.fromkeys(pq.read_table(folder / task["qrels_file"])["query_id"].to_pylist()))
    found: dict[str, Ranking] = {query: [] for query in queries}
    table = pq.read_table(folder / task["run_file"])
    columns = (table[name].to_numpy() for name in ("query", "document", "score"))
    for query, document, score in zip(*columns, strict=True):
        found[queries[query]].append((documents[document], score))
    return found


def measures(ranking: Sequence[str], labels: Mapping[str, int]) -> dict[str, float]:
    """nDCG@10, P@5, R@20, AP@10 and C@10 by their definitions (gain is the grade; relevant is a grade of 1 and up)."""
    relevant = [document for document, grade in labels.items() if grade >= 1]
    hits = [int(document in relevant) for document in ranking]
    ideal = sorted(labels.values(), reverse=True)[:10]
    precisions = [sum(hits[: rank + 1]) / (rank + 1) for rank in range(min(10, len(hits))) if hits[rank]]
    return {
        "nDCG@10": _dcg([labels.get(document, 0) for document in ranking[:10]]) / _dcg(ideal),
        "P@5": sum(hits[:5]) / 5,
        "R@20": sum(hits[:20]) / len(relevant),
        "AP@10": sum(precisions) / len(relevant),
        "C@10": float(sum(hits[:10]) == len(relevant)),
    }


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))
