"""From scores to a run: places, ties, the rest below the depth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.runs import ids_of, run_of

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.errors import DataError
from toolbench_eval.ranking.order import order, truncate
from toolbench_eval.ranking.run import NO_DOCUMENT, Run
from toolbench_eval.rerankers.base import in_corpus, ranked, with_rest

CORPUS = Corpus.of("abcdef", ["one", "two", "three", "four", "five", "six"])
TWO = Queries.of(["q1", "q2"], ["x", "y"])


def scores(*rows):
    return np.array(rows, dtype=np.float32)


def test_a_score_belongs_to_the_document_at_its_place():
    """The reference gives the k-th best score to the k-th candidate (toolret.md 5, fault 17)."""
    run = run_of(CORPUS, TWO, [["c", "a", "b"], ["a", "b", "c"]])
    found = ranked(run, scores([0.1, 0.9, 0.5], [0.2, 0.3, 0.9]), CORPUS)
    assert ids_of(found) == [["a", "b", "c"], ["c", "b", "a"]]
    np.testing.assert_array_equal(found.scores, scores([0.9, 0.5, 0.1], [0.9, 0.3, 0.2]))


def test_equal_scores_are_ordered_as_trec_eval_does():
    run = run_of(CORPUS, TWO, [["a", "f", "c"], ["b", "d", "e"]])
    assert ids_of(ranked(run, scores([1, 1, 1], [1, 2, 1]), CORPUS)) == [["f", "c", "a"], ["d", "e", "b"]]
    stable = Corpus(CORPUS.ids, CORPUS.texts, ties="stable")
    assert ids_of(ranked(run, scores([1, 1, 1], [1, 2, 1]), stable)) == [["a", "c", "f"], ["d", "b", "e"]]


def test_scores_are_ranked_in_single_precision():
    run = run_of(CORPUS, TWO, [["a", "b"], ["b", "a"]])
    near = np.array([[1.0, 1.0 + 1e-12], [1.0, 1.0 + 1e-12]])
    assert ids_of(ranked(run, near.astype(np.float32), CORPUS)) == [["b", "a"], ["b", "a"]]


def test_rows_of_different_lengths():
    run = run_of(CORPUS, TWO, [["a", "b", "c"], ["e"]])
    found = ranked(run, scores([1, 2, 3], [-5, 99, 99]), CORPUS)
    assert ids_of(found) == [["c", "b", "a"], ["e"]]
    assert found.scores[1].tolist() == [-5, -np.inf, -np.inf]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_named(value):
    run = run_of(CORPUS, TWO, [["a", "b"], ["d", "e"]])
    with pytest.raises(DataError, match="'e' for query 'q2'"):
        ranked(run, scores([1, 2], [3, value]), CORPUS)


def test_the_rest_keeps_its_order_below_the_top():
    run = run_of(CORPUS, TWO, [["a", "b", "c", "d", "e"], ["f", "e", "d"]], [[9, 8, 7, 7, 7], [3, 2, 1]])
    top = ranked(truncate(run, 2), scores([-1, 4], [0, -2]), CORPUS)
    found = with_rest(top, run)
    assert ids_of(found) == [["b", "a", "c", "d", "e"], ["f", "e", "d"]]
    assert found.scores[0].tolist() == [4, -1, -2, -3, -4]
    assert found.scores[1].tolist()[:3] == [0, -2, -3]
    # trec_eval would put e before d before c among the first stage's equal scores; the new ones leave it no choice.
    assert ids_of(order(found)) == ids_of(found)


@given(
    hnp.arrays(np.float32, (3, 4), elements=st.floats(-(2.0**100), 2.0**100, width=32)),
    hnp.arrays(np.float32, (3, 9), elements=st.floats(-5, 5, width=32)),
    st.integers(0, 9),
)
def test_whoever_sorts_the_run_finds_it_in_order(new, old, length):
    ids = [f"d{at}" for at in range(9)]
    corpus = Corpus.of(ids, ids)
    documents = np.argsort(-old, axis=1, kind="stable").astype(np.int32)
    documents[1, length:] = NO_DOCUMENT
    old = np.where(documents == NO_DOCUMENT, -np.inf, -np.sort(-old, axis=1)).astype(np.float32)
    run = Run(Queries.of("abc", "abc").ids, corpus.ids, documents, old)
    found = with_rest(ranked(truncate(run, 4), new, corpus), run)
    np.testing.assert_array_equal(order(found).documents, found.documents)
    np.testing.assert_array_equal(found.documents[:, 4:], run.documents[:, 4:])
    np.testing.assert_array_equal(np.sort(found.documents, axis=1), np.sort(run.documents, axis=1))


def test_positions_are_those_of_the_corpus():
    other = Corpus.of(["e", "x", "a"], ["", "", ""])
    run = run_of(other, TWO, [["a", "e"], ["e"]])
    found = in_corpus(run, CORPUS)
    assert found.documents.tolist() == [[0, 4], [4, NO_DOCUMENT]]
    with pytest.raises(DataError, match="'x' for query 'q2'"):
        in_corpus(run_of(other, TWO, [["a", "e"], ["x"]]), CORPUS)
