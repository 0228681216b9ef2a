"""Exact top-k against a stable sort of whole rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.topk import top_k


def sorted_rows(scores, k):
    """Oracle: whole rows sorted by (score descending, column ascending)."""
    return [sorted(range(len(row)), key=lambda column: (-row[column], column))[:k] for row in scores.tolist()]


def check(scores, k):
    columns, best = top_k(scores, k)
    assert columns.dtype == np.int32
    assert best.dtype == np.float32
    assert columns.shape == best.shape == (len(scores), min(k, scores.shape[1]))
    assert columns.tolist() == sorted_rows(scores, k)
    np.testing.assert_array_equal(best, np.take_along_axis(scores, columns, axis=1))


def float32(rows):
    return np.array(rows, dtype=np.float32)


@st.composite
def tie_heavy(draw):
    """Whole numbers out of few, most of them perhaps zero; sometimes infinities and -0.0."""
    q, n = draw(st.integers(1, 4)), draw(st.integers(1, 900))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = draw(st.integers(1, 300))
    density = draw(st.sampled_from([0.0, 0.01, 0.3, 1.0]))
    scores = rng.integers(-values, values, (q, n)) * (rng.random((q, n)) < density)
    scores = scores.astype(np.float32)
    special = draw(st.sampled_from([None, -np.inf, np.inf, -0.0]))
    if special is not None:
        scores[rng.random((q, n)) < draw(st.sampled_from([0.01, 0.5, 1.0]))] = special
    return scores


def test_of_equal_scores_the_lowest_column_wins():
    columns, best = top_k(float32([[1, 3, 2, 3, 0]]), 3)
    assert columns.tolist() == [[1, 3, 2]]
    assert best.tolist() == [[3, 3, 2]]


def test_ties_are_resolved_before_the_cut():
    columns, _ = top_k(float32([[0, 5, 0, 5, 5, 5]]), 2)
    assert columns.tolist() == [[1, 3]]


@settings(max_examples=300, deadline=None)
@given(tie_heavy(), st.integers(1, 60))
def test_tie_heavy_rows(scores, k):
    check(scores, k)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 3000), st.integers(1, 400))
def test_dense_rows(seed, q, n, k):
    check(np.random.default_rng(seed).standard_normal((q, n), dtype=np.float32), k)


@pytest.mark.parametrize("k", [1, 10, 100, 1000])
def test_rows_as_bm25_makes_them(k):
    rng = np.random.default_rng(k)
    scores = np.zeros((12, 19_680), dtype=np.float32)
    for row, matches in zip(scores, [0, 1, 5, 9, 10, 11, 99, 100, 101, 900, 5000, 19_680], strict=True):
        row[rng.choice(len(row), matches, replace=False)] = np.round(rng.gamma(2, 2, matches), 1)
    check(scores, k)


@pytest.mark.parametrize("ordered", ["ascending", "descending", "best ones side by side", "best ones far apart"])
def test_rows_that_are_in_an_order(ordered):
    scores = np.arange(20_000, dtype=np.float32)
    if ordered == "descending":
        scores = scores[::-1]
    elif ordered == "best ones side by side":
        scores = np.roll(scores, 777)
    elif ordered == "best ones far apart":
        scores = scores % 312 * 1000 + scores // 312
    check(np.ascontiguousarray(scores)[None], 50)


def test_more_scores_than_are_looked_at_together():
    scores = np.random.default_rng(0).integers(0, 500, (90, 25_000)).astype(np.float32)
    check(scores, 20)


def test_scores_that_are_not_contiguous():
    scores = np.random.default_rng(0).integers(0, 99, (6, 9000)).astype(np.float32)
    check(scores[::2, ::3], 7)
    check(np.asfortranarray(scores), 7)


@pytest.mark.parametrize("value", [0.0, -0.0, -1.5, np.inf, -np.inf])
@pytest.mark.parametrize("n", [1, 7, 64, 5000])
def test_all_scores_equal(value, n):
    columns, best = top_k(np.full((3, n), value, dtype=np.float32), 10)
    assert columns.tolist() == [list(range(min(n, 10)))] * 3
    assert (best == value).all()


def test_positive_and_negative_zero_are_a_tie():
    assert top_k(float32([[-0.0, 0.0, -0.0, 0.0]]), 3)[0].tolist() == [[0, 1, 2]]


def test_infinities_are_ranked():
    columns, best = top_k(float32([[0, -np.inf, np.inf, -np.inf]]), 4)
    assert columns.tolist() == [[2, 0, 1, 3]]
    assert best.tolist() == [[np.inf, 0, -np.inf, -np.inf]]


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0), (0, 5000)])
def test_nothing_to_rank(shape):
    columns, best = top_k(np.zeros(shape, dtype=np.float32), 2)
    assert columns.shape == best.shape == (shape[0], min(2, shape[1]))


def test_fewer_columns_than_wanted():
    assert top_k(float32([[1, 2]]), 100)[0].tolist() == [[1, 0]]


@pytest.mark.parametrize(("q", "n", "row", "column"), [(2, 3, 1, 2), (3, 9000, 2, 8999), (300, 9000, 299, 4321)])
def test_nan_is_refused_with_its_place(q, n, row, column):
    scores = np.zeros((q, n), dtype=np.float32)
    scores[row, column] = np.nan
    with pytest.raises(DataError, match=f"query row {row} for document column {column} is NaN"):
        top_k(scores, 5)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one(k):
    with pytest.raises(UsageError, match=f"k is {k}"):
        top_k(np.zeros((1, 4), dtype=np.float32), k)


@settings(max_examples=100, deadline=None)
@given(tie_heavy(), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_order_documents_come_in_does_not_matter(scores, k, seed):
    """Documents permuted with their ids, then put into tie order as the callers do, give the same ids."""
    n = scores.shape[1]
    ids = np.array([f"d{i}" for i in np.random.default_rng(seed).permutation(n)])

    def ranked(scores, ids):
        tie_order = np.argsort(ids)[::-1]
        return ids[tie_order][top_k(np.ascontiguousarray(scores[:, tie_order]), k)[0]].tolist()

    permuted = np.random.default_rng(seed + 1).permutation(n)
    assert ranked(scores, ids) == ranked(scores[:, permuted], ids[permuted])
