"""Fusion against dictionaries, hit by hit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.data.ids import string_array
from toolbench_eval.errors import DataError, UsageError
from toolbench_eval.ranking.fusion import fuse_rrf, fuse_weighted
from toolbench_eval.ranking.run import NO_DOCUMENT, Run

DOCS = string_array(["a", "b", "c", "d"])


def make(*rows, docs=DOCS, query_ids=None):
    """A run from rows of (document id, score) in rank order."""
    depth = max(map(len, rows), default=0)
    names = docs.to_pylist()
    documents = np.full((len(rows), depth), NO_DOCUMENT, dtype=np.int32)
    scores = np.full((len(rows), depth), -np.inf, dtype=np.float32)
    for i, row in enumerate(rows):
        for j, (name, score) in enumerate(row):
            documents[i, j], scores[i, j] = names.index(name), score
    return Run(string_array(query_ids or [f"q{i}" for i in range(len(rows))]), docs, documents, scores)


def hits(run):
    """Rows of (document id, score) of a run."""
    names = run.doc_ids.to_pylist()
    return [
        [(names[doc], score) for doc, score in zip(docs, scores, strict=True) if doc != NO_DOCUMENT]
        for docs, scores in zip(run.documents.tolist(), run.scores.tolist(), strict=True)
    ]


def rank(sums, depth):
    """Oracle: float32 score descending, id descending."""
    rounded = [(name, float(np.float32(score))) for name, score in sums.items()]
    by_id = sorted(rounded, key=lambda hit: hit[0].encode(), reverse=True)
    return sorted(by_id, key=lambda hit: -hit[1])[:depth]


def rrf_by_hand(runs, k, depth):
    fused = []
    for rows in zip(*map(hits, runs), strict=True):
        sums = {}
        for row in rows:
            for position, (name, _) in enumerate(row, start=1):
                sums[name] = sums.get(name, 0) + 1 / (k + position)
        fused.append(rank(sums, depth))
    return fused


def normalised(row, normalisation):
    scores = [score for _, score in row]
    if normalisation == "min-max":
        span = max(scores) - min(scores)
        scores = [(score - min(scores)) / span if span else 0.0 for score in scores]
    elif normalisation == "z-score":
        mean = sum(scores) / len(scores)
        deviation = math.sqrt(sum((score - mean) ** 2 for score in scores) / len(scores))
        scores = [(score - mean) / deviation if deviation else 0.0 for score in scores]
    return dict(zip([name for name, _ in row], scores, strict=True))


def weighted_by_hand(runs, weights, normalisation):
    fused = []
    for rows in zip(*map(hits, runs), strict=True):
        sums = {name: 0.0 for row in rows for name, _ in row}
        for row, weight in zip(rows, weights, strict=True):
            scores = normalised(row, normalisation) if row else {}
            for name in sums:
                sums[name] += weight * scores.get(name, min(scores.values(), default=0.0))
        fused.append(sums)
    return fused


@st.composite
def runs_of_one_task(draw):
    """One to four runs of whole-number scores, rows of any length, over ids whose byte order is not their position."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = [f"d{i}" for i in rng.permutation(draw(st.integers(1, 40)))]
    docs = string_array(names)
    queries = draw(st.integers(1, 4))

    def row(longest):
        found = rng.permutation(names)[: rng.integers(0, longest + 1)]
        return rank({str(name): int(rng.integers(-4, 9)) for name in found}, longest)

    return [
        make(*(row(draw(st.integers(0, 40))) for _ in range(queries)), docs=docs)
        for _ in range(draw(st.integers(1, 4)))
    ]


def test_rrf_by_hand():
    first = make([("a", 9.0), ("b", 8.0)], [("c", 1.0)])
    second = make([("b", 0.5), ("c", 0.4), ("a", 0.3)], [])
    fused = hits(fuse_rrf([first, second]))
    assert [name for name, _ in fused[0]] == ["b", "a", "c"]
    np.testing.assert_allclose([score for _, score in fused[0]], [1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 62], rtol=1e-6)
    assert fused[1] == [("c", float(np.float32(1 / 61)))]


def test_rrf_ties_go_to_the_higher_id():
    assert [n for n, _ in hits(fuse_rrf([make([("a", 1.0)]), make([("c", 1.0)]), make([("b", 1.0)])]))[0]] == ["c"]
    both = fuse_rrf([make([("a", 2.0), ("c", 1.0)]), make([("c", 2.0), ("a", 1.0)])])
    assert [name for name, _ in hits(both)[0]] == ["c", "a"]


@settings(max_examples=150, deadline=None)
@given(runs_of_one_task(), st.integers(0, 60), st.integers(1, 50))
def test_rrf_against_dictionaries(runs, k, depth):
    assert hits(fuse_rrf(runs, k=k, depth=depth)) == rrf_by_hand(runs, k, depth)


@settings(max_examples=150, deadline=None)
@given(runs_of_one_task(), st.sampled_from(["min-max", "z-score", "none"]))
def test_weighted_against_dictionaries(runs, normalisation):
    weights = [0.5, 1.0, 0.25, 2.0][: len(runs)]
    fused = fuse_weighted(runs, weights, normalisation, depth=200)
    expected = weighted_by_hand(runs, weights, normalisation)
    for row, sums in zip(hits(fused), expected, strict=True):
        assert dict(row) == pytest.approx(sums, rel=1e-6, abs=1e-6)
        assert row == rank(dict(row), 200)


def test_weighted_by_hand():
    lexical = make([("a", 30.0), ("b", 20.0), ("c", 10.0)])
    dense = make([("d", 0.9), ("b", 0.8), ("a", 0.5)])
    fused = hits(fuse_weighted([lexical, dense], [1.0, 2.0]))[0]
    assert [name for name, _ in fused] == ["b", "d", "a"]
    assert [score for _, score in fused] == pytest.approx([0.5 + 2 * 0.75, 2.0, 1.0], rel=1e-6)


def test_a_document_one_run_lacks_gets_that_runs_least_score():
    first = make([("a", 5.0), ("b", 3.0)])
    second = make([("b", 2.0), ("c", -1.0)])
    fused = hits(fuse_weighted([first, second], [1.0, 1.0], "none", depth=3))[0]
    assert fused == [("b", 5.0), ("a", 4.0), ("c", 2.0)]


def test_a_run_whose_scores_are_all_equal_prefers_no_document():
    flat = make([("d", 0.1), ("a", 0.1), ("b", 0.1)])
    ranked = make([("a", 3.0), ("b", 2.0), ("c", 1.0)])
    for normalisation in ("min-max", "z-score"):
        names = [name for name, _ in hits(fuse_weighted([flat, ranked], [5.0, 1.0], normalisation))[0]]
        assert names == ["a", "b", "d"]


def test_one_run_fused_alone_is_itself():
    run = make([("c", 0.30000001), ("a", 0.1), ("b", 0.1)][:2], [("b", -7.25)])
    fused = fuse_weighted([run], [1.0], "none")
    np.testing.assert_array_equal(fused.documents, run.documents)
    np.testing.assert_array_equal(fused.scores, run.scores)


def test_rows_without_documents_stay_empty():
    fused = fuse_rrf([make([], [("a", 1.0)]), make([], [("b", 1.0)])], depth=2)
    assert fused.documents.tolist()[0] == [NO_DOCUMENT, NO_DOCUMENT]
    assert fused.scores.tolist()[0] == [-np.inf, -np.inf]
    assert fused.lengths.tolist() == [0, 2]
    assert fuse_rrf([make([]), make([])]).lengths.tolist() == [0]
    assert fuse_weighted([make([]), make([])], [1, 1]).lengths.tolist() == [0]


def test_depth_is_that_of_the_deepest_run_or_the_one_asked_for():
    first, second = make([("a", 2.0), ("b", 1.0)]), make([("c", 1.0)])
    assert fuse_rrf([first, second]).depth == 2
    assert fuse_rrf([first, second], depth=1).depth == 1
    assert fuse_rrf([first, second], depth=9).depth == 3


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (make([("a", 1.0)], query_ids=["other"]), "query"),
        (make([("a", 1.0)], docs=string_array(["a", "b", "c", "e"])), "document"),
        (make([("a", 1.0)], [("a", 1.0)]), "query"),
    ],
)
def test_runs_that_cannot_be_compared(other, word):
    with pytest.raises(UsageError, match=f"run 2 has other {word} ids"):
        fuse_rrf([make([("a", 1.0)]), other])
    with pytest.raises(UsageError, match=f"run 2 has other {word} ids"):
        fuse_weighted([make([("a", 1.0)]), other], [1.0, 1.0])


def test_arguments_that_make_no_sense():
    run = make([("a", 1.0)])
    with pytest.raises(UsageError, match="no runs"):
        fuse_rrf([])
    with pytest.raises(UsageError, match="2 weights for 1 runs"):
        fuse_weighted([run], [1.0, 2.0])
    with pytest.raises(UsageError, match="unknown normalisation 'softmax'"):
        fuse_weighted([run], [1.0], "softmax")


def test_infinite_scores_cannot_be_summed():
    with pytest.raises(DataError, match="rank 2 of query 'q0' has the score -inf"):
        fuse_weighted([make([("a", 1.0), ("b", -np.inf)])], [1.0])
