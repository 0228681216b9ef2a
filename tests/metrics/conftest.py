"""Random runs and judgments with everything that makes scorers disagree, and runs from dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from toolbench_eval.data.ids import string_array
from toolbench_eval.ranking.order import order
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

VOCABULARY = [f"d{number}" for number in range(30)] + ["a", "B", "9", "10", "é", "z z", "ü9", "d"]
SCORES = np.array([0.0, -0.0, -1.5, 1.0, 1.0 + 1e-9, 2.0, 2.0 + 1e-11, 1e-3, 1e20])


def run_of(rankings: Mapping[str, Mapping[str, float]]) -> Run:
    """A run in the order of trec_eval."""
    vocabulary = sorted({doc for ranking in rankings.values() for doc in ranking}) or ["none"]
    depth = max((len(ranking) for ranking in rankings.values()), default=0)
    documents = np.full((len(rankings), depth), NO_DOCUMENT, dtype=np.int32)
    scores = np.full((len(rankings), depth), -np.inf, dtype=np.float32)
    for row, ranking in enumerate(rankings.values()):
        documents[row, : len(ranking)] = [vocabulary.index(doc) for doc in ranking]
        scores[row, : len(ranking)] = list(ranking.values())
    return order(Run(string_array(rankings), string_array(vocabulary), documents, scores))


@dataclass(frozen=True)
class Case:
    """A run and judgments as the dictionaries that pytrec_eval takes."""

    run: dict[str, dict[str, float]]
    qrels: dict[str, dict[str, int]]


def random_case(seed: int, queries: int = 30) -> Case:
    """Ties, close scores, negative grades, missing and extra queries, short rankings, unjudged documents."""
    rng = np.random.default_rng(seed)
    run: dict[str, dict[str, float]] = {}
    qrels: dict[str, dict[str, int]] = {}
    for query in (f"q{number}" for number in rng.permutation(queries)):
        depth = int(rng.choice([1, 2, 5, 12, 25]))
        ranked = rng.choice(VOCABULARY[: int(rng.integers(depth, len(VOCABULARY) + 1))], depth, replace=False)
        judged = rng.choice(VOCABULARY, int(rng.choice([1, 3, 10, 30])), replace=False)
        grades = rng.choice([-2, -1, 0, 0, 1, 1, 2, 3, 4], len(judged))
        grades[0] = abs(grades[0])  # trec_eval's table of grades is empty where all are negative
        if rng.random() < 0.9:
            scores = rng.choice(SCORES, depth) if rng.random() < 0.7 else rng.normal(size=depth)
            run[query] = dict(zip(map(str, ranked), map(float, scores), strict=True))
        if rng.random() < 0.9:
            qrels[query] = dict(zip(map(str, judged), map(int, grades), strict=True))
    return Case(run, qrels)


@pytest.fixture
def make_run() -> Callable[[Mapping[str, Mapping[str, float]]], Run]:
    """`run_of`."""
    return run_of


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """`random_case`."""
    return random_case
