"""BM25 Okapi against its formula, written out."""

from __future__ import annotations

import math

import pytest

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.retrievers.okapi import Okapi

TEXTS = {"a": "red red fish", "b": "Blue fish", "c": "old_fish x", "d": "blue sky and sea"}


def ranking(query: str, k: int = 10, **options: float) -> dict[str, float]:
    retriever = Okapi(**options)
    retriever.index(Corpus.of(TEXTS, TEXTS.values()))
    run = retriever.search(Queries.of(["q"], [query]), k)
    return {
        run.doc_ids[int(at)].as_py(): float(score) for at, score in zip(run.documents[0], run.scores[0], strict=True)
    }


def expected(query: list[str], k1: float, b: float, epsilon: float) -> dict[str, float]:
    """Words of two letters and more; terms in more than half of the documents get epsilon of the mean idf."""
    documents = {
        "a": ["red", "red", "fish"],
        "b": ["blue", "fish"],
        "c": ["old_fish"],
        "d": ["blue", "sky", "and", "sea"],
    }
    mean = sum(map(len, documents.values())) / 4
    words = {word for document in documents.values() for word in document}
    raw = {
        w: math.log(4 - n + 0.5) - math.log(n + 0.5) for w in words for n in [sum(w in d for d in documents.values())]
    }
    floor = epsilon * sum(raw.values()) / len(raw)
    idf = {word: value if value >= 0 else floor for word, value in raw.items()}
    return {
        name: sum(
            idf.get(word, 0)
            * document.count(word)
            * (k1 + 1)
            / (document.count(word) + k1 * (1 - b + b * len(document) / mean))
            for word in query
        )
        for name, document in documents.items()
    }


@pytest.mark.parametrize("options", [(1.5, 0.75, 0.25), (0.9, 0.4, 0.5)])
@pytest.mark.parametrize("query", [["red", "fish"], ["blue", "blue"], ["sky", "unknown"], ["old_fish"]])
def test_scores(query: list[str], options: tuple[float, float, float]):
    k1, b, epsilon = options
    found = ranking(" ".join(query).upper(), k1=k1, b=b, epsilon=epsilon)
    assert found == pytest.approx(expected(query, *options), rel=1e-6, abs=1e-7)


def test_order_and_ties():
    assert list(ranking("red")) == ["a", "d", "c", "b"]  # the rest is tied at 0: higher ids first
    assert list(ranking("", 2)) == ["d", "c"]


def test_terms_in_most_documents_count_little_but_not_less_than_nothing():
    """Robertson's idf is negative there; rank-bm25 puts a share of the mean idf in its place."""
    texts = {str(at): f"common word{at}" for at in range(5)}
    retriever = Okapi()
    retriever.index(Corpus.of(texts, texts.values()))
    run = retriever.search(Queries.of(["q"], ["common"]), 5)
    assert (run.scores > 0).all()
