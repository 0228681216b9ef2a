"""TF-IDF against its formula, written out (scikit-learn's smoothed idf, logarithmic tf, cosine)."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.retrievers.tfidf import TfIdf

DOCUMENTS = {"a": "red red fish", "b": "blue fish", "c": "old fish old fish", "d": "blue sky", "e": "blue sky"}


def search(queries: list[str], k: int = 10, **options):
    retriever = TfIdf(**options)
    retriever.index(Corpus.of(DOCUMENTS, DOCUMENTS.values()))
    return retriever.search(Queries.of([f"q{at}" for at in range(len(queries))], queries), k)


def as_dict(run, row: int = 0) -> dict[str, float]:
    return {run.doc_ids[int(at)].as_py(): float(s) for at, s in zip(run.documents[row], run.scores[row], strict=True)}


def cosine(query: str, document: str, sublinear: bool) -> float:
    n = len(DOCUMENTS)
    df = Counter(word for text in DOCUMENTS.values() for word in set(text.split()))

    def vector(text: str) -> dict[str, float]:
        counts = Counter(word for word in text.split() if word in df)
        tf = {word: 1 + math.log(count) if sublinear else count for word, count in counts.items()}
        weights = {word: value * (math.log((1 + n) / (1 + df[word])) + 1) for word, value in tf.items()}
        length = math.sqrt(sum(value**2 for value in weights.values())) or 1.0
        return {word: value / length for word, value in weights.items()}

    one, other = vector(query), vector(document)
    return sum(value * other.get(word, 0.0) for word, value in one.items())


@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize("query", ["red fish", "blue blue sky", "unknown", "fish fish fish red"])
def test_scores(query: str, sublinear: bool):
    expected = {name: cosine(query, text, sublinear) for name, text in DOCUMENTS.items()}
    assert as_dict(search([query], sublinear_tf=sublinear)) == pytest.approx(expected, abs=1e-6)


def test_order_and_ties():
    assert list(as_dict(search(["blue sky"], 3))) == ["e", "d", "b"]
    run = search(["unknown", ""])
    assert [list(as_dict(run, row)) for row in (0, 1)] == [list("edcba")] * 2


def test_equal_documents_score_equal_to_the_last_bit():
    found = as_dict(search(["sky blue red"]))
    assert found["d"] == found["e"]


def test_stop_words_and_blocks(monkeypatch: pytest.MonkeyPatch):
    whole = search(["red", "the blue", "fish", "sky"])
    np.testing.assert_array_equal(whole.scores[1], search(["blue"]).scores[0])
    monkeypatch.setattr("toolbench_eval.retrievers.sparse.BLOCK_BYTES", 4 * len(DOCUMENTS))
    parts = search(["red", "the blue", "fish", "sky"])
    np.testing.assert_array_equal(whole.documents, parts.documents)
    np.testing.assert_array_equal(whole.scores, parts.scores)
