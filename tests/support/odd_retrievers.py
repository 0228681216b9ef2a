"""Retrievers with a fault each, for model cards of tests: `family = "support.odd_retrievers:constant"`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from toolbench_eval.cards import ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.ranking.run import Run
from toolbench_eval.ranking.search import to_run
from toolbench_eval.ranking.topk import top_k
from toolbench_eval.retrievers.base import Runtime

Score = Callable[[str, str, int, Runtime], float]


class Scripted:
    """Scores each pair by a function of query, document, its place and the runtime."""

    def __init__(self, score: Score, runtime: Runtime) -> None:
        self.score, self.runtime = score, runtime

    def index(self, corpus: Corpus) -> None:
        self.corpus = corpus

    def search(self, queries: Queries, k: int) -> Run:
        texts = self.corpus.texts.to_pylist()
        scores = np.array(
            [
                [self.score(query, texts[at], place, self.runtime) for place, at in enumerate(self.corpus.tie_order)]
                for query in queries.texts.to_pylist()
            ],
            dtype=np.float32,
        )
        return to_run(*top_k(scores, k), queries.ids, self.corpus)


def words_in_common(query: str, document: str) -> float:
    words = set(document.lower().split())
    return len(set(query.lower().split()) & words) + len(document) % 97 / 1000


def good(card: ModelCard, runtime: Runtime) -> Scripted:
    return Scripted(lambda query, document, place, runtime: words_in_common(query, document), runtime)


def constant(card: ModelCard, runtime: Runtime) -> Scripted:
    return Scripted(lambda query, document, place, runtime: 0.5, runtime)


def nan(card: ModelCard, runtime: Runtime) -> Scripted:
    return Scripted(lambda query, document, place, runtime: float("nan"), runtime)


def infinite(card: ModelCard, runtime: Runtime) -> Scripted:
    return Scripted(lambda query, document, place, runtime: np.inf if place == 3 else float(place), runtime)


def tied(card: ModelCard, runtime: Runtime) -> Scripted:
    return Scripted(lambda query, document, place, runtime: float(place < 20), runtime)


def by_place(card: ModelCard, runtime: Runtime) -> Scripted:
    """Equal texts get different scores."""
    return Scripted(lambda query, document, place, runtime: float(place), runtime)


def by_batch(card: ModelCard, runtime: Runtime) -> Scripted:
    """A tenth more when texts are encoded alone."""
    return Scripted(
        lambda query, document, place, runtime: (
            words_in_common(query, document) * (1.1 if runtime.batch_tokens == 1 else 1)
        ),
        runtime,
    )


def broken(card: ModelCard, runtime: Runtime) -> Scripted:
    raise RuntimeError("size mismatch for embeddings.weight")
