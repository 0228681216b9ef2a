"""Benchmarks made of random words in the shape of ToolRet: written as a hub mirror, declared by TOML in a folder.

Everything that makes rankers and loaders disagree is in them: massive ties, duplicate texts, ids whose byte order
is not their alphabetic order, graded labels, an empty query, queries of stop words and of unknown words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WORDS = ("amber", "birch", "cobalt", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper")
RARE = ("kelp", "lagoon", "none", "north")
STOP_WORDS = "the of and"


@dataclass(frozen=True)
class Tool:
    """One document; its text is JSON, as in ToolRet."""

    id: str
    documentation: str


@dataclass(frozen=True)
class Query:
    """One query with its labels: document id -> grade."""

    id: str
    query: str
    instruction: str
    labels: dict[str, int]


@dataclass(frozen=True)
class Subset:
    """A task: its category, its queries, and whether its labels are stored as a JSON string or as a list."""

    category: str
    queries: list[Query]
    json_labels: bool = True


@dataclass(frozen=True)
class Benchmark:
    """A whole suite."""

    name: str
    owner: str
    tools: dict[str, list[Tool]]
    subsets: dict[str, Subset]
    declared: dict[str, int] = field(default_factory=dict)
    """Numbers of queries that the table names where they are not the real ones."""

    @property
    def corpus(self) -> list[Tool]:
        """All tools, category after category."""
        return [tool for tools in self.tools.values() for tool in tools]


def random_benchmark(seed: int, name: str = "gearbox", tools: int = 60, queries: int = 12) -> Benchmark:
    """A benchmark with three categories and five subsets.

    Args:
        seed: Seed of everything.
        name: Name of the suite; subsets and repositories are named after nothing that is known.
        tools: Number of tools of each category.
        queries: Number of queries of each subset, at least 6.
    """
    rng = np.random.default_rng(seed)
    categories = {"shed": "s", "attic": "Ä", "cellar": "B"}
    corpus = {category: _tools(rng, prefix, tools) for category, prefix in categories.items()}
    ids = [tool.id for tools in corpus.values() for tool in tools]
    names = {"hammer-time": "shed", "saw_2": "shed", "Eclair": "attic", "loft.v1": "attic", "well": "cellar"}
    subsets = {
        subset: Subset(category, _queries(rng, subset, ids, queries), json_labels=at % 2 == 0)
        for at, (subset, category) in enumerate(names.items())
    }
    return Benchmark(name, f"{name}-makers", corpus, subsets)


def write_mirror(folder: Path, benchmark: Benchmark, omit: Iterable[str] = ()) -> Path:
    """Write `<folder>/<owner>/<name>/...` with a README of configs and Parquet files; returns the folder.

    Args:
        folder: The mirror.
        benchmark: What to write.
        omit: Subsets that the mirror lacks.
    """
    queries = {
        name: _query_table(subset, benchmark.corpus)
        for name, subset in benchmark.subsets.items()
        if name not in set(omit)
    }
    tools = {
        category: pa.table({"id": [tool.id for tool in tools], "documentation": [tool.documentation for tool in tools]})
        for category, tools in benchmark.tools.items()
    }
    _write_repository(folder / benchmark.owner / "asks", queries, "questions")
    _write_repository(folder / benchmark.owner / "things", tools, "kit")
    return folder


def write_declaration(folder: Path, benchmark: Benchmark, extra: str = "") -> Path:
    """Write `suite.toml`, `tasks.csv` and `corpus.toml` of a benchmark below a `--tasks-dir`; returns the folder.

    Args:
        folder: The folder with own tasks.
        benchmark: What to declare.
        extra: Further lines of the suite's TOML, tables last.
    """
    suite = folder / benchmark.name
    suite.mkdir(parents=True)
    (suite / "suite.toml").write_text(
        f'name = "{benchmark.name}"\nversion = "3"\ncorpus = "{benchmark.name}-tools"\ntable = "parts.csv"\n'
        'metrics = ["nDCG@10", "P@5", "R@20", "AP@10", "C@10"]\ndepth = 25\ninstruction = "both"\n'
        '[headline]\nmetric = "nDCG@10"\naggregate = "category_macro"\n'
        f'[hub]\nrepo = "{benchmark.owner}/asks"\nsplit = "questions"\n{extra}',
        encoding="utf-8",
    )
    rows = [
        f"{name},{subset.category},{benchmark.declared.get(name, len(subset.queries))},"
        f"{sum(len(query.labels) for query in subset.queries)}"
        for name, subset in benchmark.subsets.items()
    ]
    (suite / "parts.csv").write_text("\n".join(["task,category,queries,qrels", *rows]) + "\n", encoding="utf-8")
    (suite / "corpus.toml").write_text(
        f'name = "{benchmark.name}-tools"\ndocuments = {len(benchmark.corpus)}\n'
        f'[hub]\nrepo = "{benchmark.owner}/things"\nsplit = "kit"\nconfigs = {json.dumps(list(benchmark.tools))}\n'
        '[columns]\nid = "id"\ntext = "documentation"\n',
        encoding="utf-8",
    )
    return folder


def _tools(rng: np.random.Generator, prefix: str, n: int) -> list[Tool]:
    """Tools with few distinct texts; the last has no text beside its name."""
    texts = [" ".join(rng.choice(WORDS, int(rng.integers(1, 5)))) for _ in range(n // 4)]
    tools = []
    for number in rng.permutation(n - 1):
        text = str(rng.choice(texts)) if rng.random() < 0.9 else f"{rng.choice(texts)} {rng.choice(RARE)} isn't é"
        values = {"name": str(rng.choice(WORDS)), "description": text, "limit": None if number % 3 else True}
        tools.append(Tool(f"{prefix}_{number}", json.dumps(values)))
    return [*tools, Tool(f"{prefix}_{n}", json.dumps({"name": "", "description": ""}))]


def _queries(rng: np.random.Generator, subset: str, documents: list[str], n: int) -> list[Query]:
    def labels() -> dict[str, int]:
        chosen = rng.choice(documents, int(rng.integers(1, 9)), replace=False)
        grades = rng.choice([0, 1, 1, 1, 2, 3], len(chosen))
        grades[0] = max(1, grades[0])
        return {str(document): int(grade) for document, grade in zip(chosen, grades, strict=True)}

    texts = [" ".join(rng.choice([*WORDS, *RARE], int(rng.integers(1, 6)))) for _ in range(n - 5)]
    # An empty query, a repeated text, only stop words, only words that no tool has, a word twice.
    texts += ["", texts[0], STOP_WORDS, "zzz yyy", f"{WORDS[0]} {WORDS[0]}"]
    instruction = "Given a request, find what holds"
    return [
        Query(f"{subset}_query_{number}", text, f"{instruction} {rng.choice(WORDS)}", labels())
        for number, text in enumerate(texts)
    ]


def _query_table(subset: Subset, corpus: list[Tool]) -> pa.Table:
    texts = {tool.id: tool.documentation for tool in corpus}
    labels = [
        [{"id": doc, "doc": texts[doc], "relevance": grade} for doc, grade in query.labels.items()]
        for query in subset.queries
    ]
    return pa.table(
        {
            "id": [query.id for query in subset.queries],
            "query": [query.query for query in subset.queries],
            "instruction": [query.instruction for query in subset.queries],
            "labels": [json.dumps(one) for one in labels] if subset.json_labels else labels,
            "category": [subset.category] * len(subset.queries),
        }
    )


def _write_repository(folder: Path, tables: dict[str, pa.Table], split: str) -> None:
    folder.mkdir(parents=True)
    entries = ["---", "configs:"]
    for config, table in tables.items():
        path = folder / config / f"{split}-00000-of-00001-0123456789ab.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(table, path, compression="zstd")
        entries += [
            f"- config_name: {config}",
            "  data_files:",
            f"  - split: {split}",
            f"    path: {config}/{path.name}",
        ]
    (folder / "README.md").write_text("\n".join([*entries, "---", ""]), encoding="utf-8")
