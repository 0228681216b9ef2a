"""A benchmark of ToolRet's shape, made by a fixed seed: 35 subsets that search one pooled corpus."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SUITE = "shape"
DOCUMENTS = 44_453
CATEGORIES = ("web", "code", "customized")
TABLE = Path(__file__).resolve().parents[1] / "tasks" / "toolret" / "tasks.csv"
DOCUMENT_WORDS, QUERY_WORDS, VOCABULARY = 95, 22, 30_000

SUITE_TOML = """
name = "shape"
version = "1"
corpus = "shape"
table = "tasks.csv"
metrics = [
  "nDCG@1", "nDCG@5", "nDCG@10", "nDCG@20", "P@5", "P@10", "P@20", "R@5", "R@10", "R@20", "R@100",
  "AP@5", "AP@10", "AP@20", "C@5", "C@10", "C@20",
]

[headline]
metric = "nDCG@10"

[files]
queries = "queries/{task}.parquet"
"""

CORPUS_TOML = """
name = "shape"

[files]
web = "web.parquet"
code = "code.parquet"
customized = "customized.parquet"
"""


def subsets() -> list[dict[str, str]]:
    """The rows of ToolRet's table: task, category, and its numbers of queries and labels."""
    with TABLE.open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def write_suite(folder: Path, documents: int = DOCUMENTS, seed: int = 0) -> Path:
    """Write the suite for `--tasks-dir`; documents have about 650 characters, queries about 150.

    Every query shares words with the documents it labels, so that BM25 has something to find.
    """
    rng = np.random.default_rng(seed)
    place = folder / SUITE
    (place / "queries").mkdir(parents=True)
    words = _words(rng)
    bags = _bags(rng, documents, DOCUMENT_WORDS)
    ids = [f"{CATEGORIES[at % 3]}_tool_{at}" for at in range(documents)]
    texts = [json.dumps({"name": ids[at], "description": " ".join(words[bag])}) for at, bag in enumerate(bags)]
    for at, category in enumerate(CATEGORIES):
        pq.write_table(pa.table({"id": ids[at::3], "text": texts[at::3]}), place / f"{category}.parquet")
    for row in subsets():
        pq.write_table(_queries(rng, row, words, bags, ids), place / "queries" / f"{row['task']}.parquet")
    (place / "suite.toml").write_text(SUITE_TOML, encoding="utf-8")
    (place / "corpus.toml").write_text(CORPUS_TOML, encoding="utf-8")
    (place / "tasks.csv").write_bytes(TABLE.read_bytes())
    return folder


def unit_vectors(n: int, dimensions: int, seed: int) -> Any:
    """Random float32 vectors of length 1, shape (n, dimensions)."""
    vectors = np.random.default_rng(seed).standard_normal((n, dimensions), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _queries(rng: np.random.Generator, row: dict[str, str], words: Any, bags: Any, ids: list[str]) -> pa.Table:
    n, labels = int(row["queries"]), int(row["qrels"])
    per_query = np.full(n, labels // n)
    per_query[: labels % n] += 1
    records = []
    for at in range(n):
        wanted = rng.choice(len(ids), per_query[at], replace=False)
        own = rng.choice(bags[wanted].ravel(), QUERY_WORDS // 2)
        other = _bags(rng, 1, QUERY_WORDS // 2)[0]
        records.append(
            {
                "id": f"{row['task']}_query_{at}",
                "query": " ".join(words[np.concatenate([own, other])]),
                "labels": json.dumps([{"id": ids[document], "relevance": 1} for document in wanted]),
            }
        )
    return pa.Table.from_pylist(records)


def _words(rng: np.random.Generator) -> Any:
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    return np.array(["".join(rng.choice(letters, length)) for length in rng.integers(3, 10, VOCABULARY)], dtype=object)


def _bags(rng: np.random.Generator, n: int, length: int) -> Any:
    """Word numbers of n texts, shape (n, length): word r is drawn about 1 / r times as often as the first (Zipf)."""
    return (VOCABULARY ** rng.random((n, length))).astype(np.int64) - 1
