"""Exact dense search against the full score matrix."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.ids import string_array
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.search import search_dense, to_run


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def whole(seed, *shape):
    """Small whole numbers: their products are exact in float32, in whatever order they are summed."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float32)


def full_ranking(queries, documents, k):
    """Oracle: the full matrix in float64, sorted by (score descending, column ascending)."""
    scores = queries.astype(np.float64) @ documents.astype(np.float64).T
    columns = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return columns, np.take_along_axis(scores, columns, axis=1)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    q=st.integers(0, 70),
    n=st.integers(1, 400),
    d=st.integers(1, 40),
    k=st.integers(1, 50),
    block=st.sampled_from([1, 3000, 1 << 24]),
)
def test_equals_the_full_matrix_ties_included(seed, q, n, d, k, block):
    queries, documents = whole(seed, q, d), whole(seed + 1, n, d)
    columns, scores = search_dense(queries, documents, k, block=block)
    expected_columns, expected_scores = full_ranking(queries, documents, k)
    np.testing.assert_array_equal(columns, expected_columns)
    np.testing.assert_array_equal(scores, expected_scores)


def test_real_numbers_equal_the_full_matrix_to_rounding():
    queries, documents = normal(1, 150, 96), normal(2, 3001, 96)
    columns, scores = search_dense(queries, documents, 20)
    _, expected = full_ranking(queries, documents, 20)
    np.testing.assert_allclose(scores, expected, rtol=2e-6)
    np.testing.assert_allclose(scores, np.einsum("qd,qkd->qk", queries, documents[columns]), rtol=2e-6)


@pytest.mark.parametrize("q", [1, 2, 3, 33, 100])
def test_equal_documents_tie_exactly(q):
    documents = normal(0, 1003, 384)
    copies = np.sort(np.random.default_rng(1).choice(1003, 500, replace=False))
    documents[copies] = documents[copies[0]]
    columns, scores = search_dense(normal(3, q, 384), documents, 1003)
    found = scores[np.isin(columns, copies)].reshape(q, 500)
    assert (found == found[:, :1]).all()
    assert (columns[np.isin(columns, copies)].reshape(q, 500) == copies).all()


def test_equal_documents_tie_exactly_with_kernels_whose_sums_depend_on_the_place():
    """OpenBLAS's kernel for AVX2 gives equal columns unequal products; on other processors this repeats the above."""
    program = (
        "import sys, numpy as np; from toolbench_eval.ranking.search import search_dense\n"
        "rng = np.random.default_rng(0)\n"
        "documents = np.repeat(rng.standard_normal((1, 768), dtype=np.float32), 1003, axis=0)\n"
        "columns, scores = search_dense(rng.standard_normal((64, 768), dtype=np.float32), documents, 1003)\n"
        "sys.exit(not ((scores == scores[:, :1]).all() and (columns == np.arange(1003)).all()))\n"
    )
    environment = os.environ | {"OPENBLAS_CORETYPE": "Haswell"}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0


def test_documents_that_differ_only_late_are_not_taken_for_copies():
    documents = np.ones((40, 64), dtype=np.float32)
    documents[:, 63] = np.arange(40)
    columns, _ = search_dense(np.ones((1, 64), dtype=np.float32), documents, 40)
    assert columns.tolist() == [list(range(39, -1, -1))]


def test_a_search_repeated_gives_the_same_bits():
    queries, documents = normal(4, 130, 100), normal(5, 2000, 100)
    first, again = search_dense(queries, documents, 30), search_dense(queries.copy(), documents.copy(), 30)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_widths_that_differ():
    with pytest.raises(UsageError, match="3 dimensions, document embeddings 4"):
        search_dense(np.zeros((1, 3), dtype=np.float32), np.zeros((1, 4), dtype=np.float32), 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", ["query", "document"])
def test_broken_embeddings_are_named(kind, value):
    embeddings = {"query": normal(0, 5, 8), "document": normal(1, 5, 8)}
    embeddings[kind][3, 6] = value
    with pytest.raises(DataError, match=f"embedding of {kind} 3 "):
        search_dense(embeddings["query"], embeddings["document"], 2)


def test_no_documents_and_no_queries():
    assert search_dense(normal(0, 3, 8), normal(0, 0, 8), 5)[0].shape == (3, 0)
    assert search_dense(normal(0, 0, 8), normal(0, 9, 8), 5)[0].shape == (0, 5)


def test_run_of_columns_in_tie_order():
    corpus = Corpus.of(["a", "c", "b"], ["", "", ""])
    documents = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)[corpus.tie_order]
    columns, scores = search_dense(np.array([[1, 0], [0, 2]], dtype=np.float32), documents, 2)
    run = to_run(columns, scores, string_array(["q1", "q2"]), corpus)
    assert run.documents.dtype == np.int32
    assert [[corpus.ids[i].as_py() for i in row] for row in run.documents] == [["c", "a"], ["b", "c"]]
    assert run.scores.tolist() == [[1, 1], [2, 0]]
    assert run.query_ids.to_pylist() == ["q1", "q2"]
