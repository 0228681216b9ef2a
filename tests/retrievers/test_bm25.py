"""BM25 against bm25s itself: scores to the last bit, and the exact order that bm25s' own top-k leaves to chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mirrors import Tool
from support.rankings import ExactBM25

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import UsageError
from toolbench_eval.ranking.run import Run
from toolbench_eval.retrievers.bm25 import BM25

METHODS = ["lucene", "robertson", "atire", "bm25l", "bm25+"]
TEXTS = [
    "The quick brown fox isn't the lazy dog's friend",
    "a quick quick quick fox",
    "CamelCase snake_case api_v2 42 x",
    "Ünïcode straße ﬁne naïve café",
    "",
    "the of and",
    "none of this",
    "quick brown",
    "brown quick",
]
ASKED = ["quick", "quick quick fox", "the", "", "unknown words", "STRASSE straße café", "api_v2 42 x", "dog brown none"]


def search(texts: Sequence[str], queries: Sequence[str], k: int = 100, **options) -> Run:
    retriever = BM25(**options)
    retriever.index(Corpus.of([f"d{at}" for at in range(len(texts))], texts))
    return retriever.search(Queries.of([f"q{at}" for at in range(len(queries))], queries), k)


def rankings(run: Run) -> list[list[tuple[str, np.float32]]]:
    return [
        [(run.doc_ids[int(at)].as_py(), score) for at, score in zip(documents, scores, strict=True)]
        for documents, scores in zip(run.documents, run.scores, strict=True)
    ]


def scores_of_bm25s(texts: Sequence[str], query: str, *, stopwords: str | None = "en", **options) -> np.ndarray:
    """bm25s' own scores of all documents, with the reference's query for one without known terms."""
    tokens = bm25s.tokenize(list(texts), stopwords=stopwords, show_progress=False)
    index = bm25s.BM25(**options)
    index.index(tokens, show_progress=False)
    words = bm25s.tokenize([query], stopwords=stopwords, return_ids=False, show_progress=False)[0]
    known = [word for word in words if word in tokens.vocab]
    return index.get_scores(known or ["none"])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("k1", "b"), [(1.5, 0.75), (0.9, 0.4), (1.2, 0.0), (2.0, 1.0)])
def test_scores_are_those_of_bm25s_to_the_last_bit(method: str, k1: float, b: float):
    run = search(TEXTS, ASKED, k1=k1, b=b, method=method)
    for query, ranking in zip(ASKED, rankings(run), strict=True):
        expected = scores_of_bm25s(TEXTS, query, k1=k1, b=b, method=method)
        assert dict(ranking) == {f"d{at}": score for at, score in enumerate(expected)}


def test_no_stop_words():
    run = search(TEXTS, ["the", "of the"], stopwords="")
    for query, ranking in zip(["the", "of the"], rankings(run), strict=True):
        expected = scores_of_bm25s(TEXTS, query, stopwords=None, k1=1.5, b=0.75)
        assert dict(ranking) == {f"d{at}": score for at, score in enumerate(expected)}


def test_the_formula_by_hand():
    """Lucene's BM25: log(1 + (N - n + 0.5) / (n + 0.5)) * tf / (tf + k1 * (1 - b + b * length / mean length))."""
    run = search(["apple apple pear", "pear", "plum"], ["apple pear"])
    lengths, mean = [3, 1, 1], 5 / 3
    idf = {"apple": math.log(1 + 2.5 / 1.5), "pear": math.log(1 + 1.5 / 2.5)}

    def term(word: str, count: int, length: int) -> float:
        return idf[word] * count / (count + 1.5 * (0.25 + 0.75 * length / mean))

    expected = {"d0": term("apple", 2, lengths[0]) + term("pear", 1, lengths[0]), "d1": term("pear", 1, 1), "d2": 0.0}
    assert dict(rankings(run)[0]) == pytest.approx(expected, rel=1e-6)


def test_a_query_without_known_terms_asks_for_none():
    """As ToolRet's reference; only where no document has that word is everything tied."""
    found = rankings(search(["none here", "other"], ["", "zzz", "the"]))
    assert all(ranking[0][0] == "d0" and ranking[0][1] > 0 for ranking in found)
    tied = rankings(search(["here", "other"], ["", "zzz", "the"]))
    assert tied == [[("d1", 0.0), ("d0", 0.0)]] * 3


def test_ties_by_id_descending_as_bytes_and_before_the_cut():
    ids = ["a", "B", "9", "10", "é", "b"]
    retriever = BM25()
    retriever.index(Corpus.of(ids, ["same words"] * 6))
    run = retriever.search(Queries.of(["q"], ["words"]), 3)
    assert [name for name, _ in rankings(run)[0]] == ["é", "b", "a"]


def test_stable_ties_keep_the_order_of_the_corpus():
    corpus = Corpus(string_array(["a", "B", "9"]), string_array(["same words"] * 3), ties="stable")
    retriever = BM25()
    retriever.index(corpus)
    assert [name for name, _ in rankings(retriever.search(Queries.of(["q"], ["words"]), 2))[0]] == ["a", "B"]


WORDS = st.sampled_from(["fox", "dog", "none", "the", "x", "É1", "a_b"])
PHRASES = st.lists(WORDS, max_size=6).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(PHRASES, min_size=1, max_size=12), st.lists(PHRASES, min_size=1, max_size=4), st.integers(1, 13))
def test_rankings_against_the_exact_ones(texts: list[str], queries: list[str], k: int):
    if not any(set(text.split()) - {"the", "x"} for text in texts):
        texts = [*texts, "fox"]
    oracle = ExactBM25([Tool(f"d{at}", text) for at, text in enumerate(texts)])
    assert rankings(search(texts, queries, k)) == [oracle.ranking(query, k) for query in queries]


@pytest.mark.parametrize("method", METHODS)
def test_a_second_index_replaces_the_first(method: str):
    retriever = BM25(method=method)
    retriever.index(Corpus.of(["x"], ["something else entirely"]))
    retriever.search(Queries.of(["q"], ["something"]), 1)
    retriever.index(Corpus.of([f"d{at}" for at in range(len(TEXTS))], TEXTS))
    again = retriever.search(Queries.of(["q"], ["quick fox"]), 100)
    assert rankings(again) == rankings(search(TEXTS, ["quick fox"], method=method))
    assert retriever.index_bytes > 0


def test_no_queries():
    assert search(TEXTS, []).documents.shape == (0, len(TEXTS))


def test_k_beyond_the_corpus():
    assert search(TEXTS, ["fox"], k=1000).documents.shape == (1, len(TEXTS))


@pytest.mark.parametrize("texts", [["the", "of"], ["", ""], ["x"]])
def test_documents_without_any_word(texts: list[str]):
    """Everything is tied at 0: an odd corpus, but a legal one."""
    run = search(texts, ["fox", ""])
    assert run.scores.tolist() == [[0.0] * len(texts)] * 2
    assert [name for name, _ in rankings(run)[0]] == [f"d{at}" for at in reversed(range(len(texts)))]


def test_more_queries_than_fit_a_block(monkeypatch: pytest.MonkeyPatch):
    whole = search(TEXTS, ASKED * 3)
    monkeypatch.setattr("toolbench_eval.retrievers.bm25.BLOCK_BYTES", 4 * len(TEXTS) * 2)
    parts = search(TEXTS, ASKED * 3)
    np.testing.assert_array_equal(whole.documents, parts.documents)
    np.testing.assert_array_equal(whole.scores, parts.scores)


@pytest.mark.parametrize("method", METHODS)
def test_common_terms_are_added_as_whole_rows(method: str, monkeypatch: pytest.MonkeyPatch):
    """Terms of which one is in half of the documents and another in one of 60; both ways of adding give the same."""
    rng = np.random.default_rng(5)
    shares = {f"w{at}": 0.5 / (1 + at) for at in range(40)}
    texts = [" ".join(word for word, share in shares.items() if rng.random() < share) for _ in range(300)]
    asked = [" ".join(rng.choice(list(shares), 8)) for _ in range(20)]
    rows = search(texts, asked, method=method)
    monkeypatch.setattr("toolbench_eval.retrievers.postings.ROWS_BYTES", 3 * 4 * len(texts))
    few_rows = search(texts, asked, method=method)
    monkeypatch.setattr("toolbench_eval.retrievers.postings.ROWS_BYTES", 0)
    places = search(texts, asked, method=method)
    for run in (rows, few_rows):
        assert run.documents.tobytes() == places.documents.tobytes()
        assert run.scores.tobytes() == places.scores.tobytes()
    for query, documents, scores in zip(asked, rows.documents, rows.scores, strict=True):
        np.testing.assert_array_equal(scores, scores_of_bm25s(texts, query, method=method)[documents])


def test_only_common_terms_have_rows():
    retriever = BM25()
    retriever.index(Corpus.of([f"d{at}" for at in range(64)], ["often", "often seldom", *["often"] * 62]))
    terms = retriever._postings.terms.to_pylist()
    rows = retriever._postings.rows([terms.index("often"), terms.index("seldom")])
    assert list(rows) == [terms.index("often")]
    assert np.count_nonzero(rows[terms.index("often")]) == 64


def test_unknown_stop_words():
    with pytest.raises(UsageError, match="stop words 'klingon'"):
        BM25(stopwords="klingon")


GERMAN = ["Der Vertrag ist nicht gültig", "die Kündigung der Wohnung", "nicht für die Wohnung gültig, der Mieter"]


@pytest.mark.parametrize("method", ["lucene", "bm25+"])
def test_german_stop_words_are_those_of_bm25s(method: str) -> None:
    run = search(GERMAN, ["die Kündigung ist nicht gültig"], stopwords="de", method=method)
    expected = scores_of_bm25s(GERMAN, "die Kündigung ist nicht gültig", stopwords="de", method=method)
    found = np.empty(3, dtype=np.float32)
    found[run.documents[0]] = run.scores[0]
    np.testing.assert_array_equal(found, expected)
    english = search(GERMAN, ["die Kündigung ist nicht gültig"], stopwords="en", method=method)
    assert not np.array_equal(english.scores, run.scores)
